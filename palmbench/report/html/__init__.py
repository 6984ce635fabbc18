"""The whole benchmark on one HTML page that needs nothing else."""

from __future__ import annotations

from pathlib import Path

TEMPLATES = Path(__file__).parent
