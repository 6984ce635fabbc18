"""How many palms and photos the gates measure. The bounds are meant for these; smaller numbers are for a quick look."""

from __future__ import annotations

import os

IDENTITIES = int(os.environ.get("GATE_IDENTITIES", 100))  # palms by which profiles and the hand network are measured
SAMPLES = int(os.environ.get("GATE_SAMPLES", 6))  # photos of each
# Palms that are de-identified, and photos of each: as in `make demo`, whose results are reused.
PAINTED_IDENTITIES = int(os.environ.get("GATE_PAINTED_IDENTITIES", 40))
PAINTED_SAMPLES = int(os.environ.get("GATE_PAINTED_SAMPLES", 4))
TRAINING_PALMS = int(os.environ.get("GATE_TRAINING_PALMS", 2400))  # that the embedded weights have seen, from the first
SEEDS = int(os.environ.get("GATE_SEEDS", 10))  # start noises by which a few photos are de-identified
RESULTS = os.environ.get("GATE_RESULTS", "results")
