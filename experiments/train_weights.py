"""Train every embedded network anew: hand, view and spot network, recognizers, autoencoder, inpainting network.

    python -m experiments.train_weights

Renders the training set into data/training when it is not there (14 GB with the other hands), then trains one network
after the other and writes palmbench/weights. The recipes' own limits add up to 3 hours and 35 minutes, rendering comes
on top; a limit changes the learning rate's schedule with it. Stopped and started again, it goes on where it
was, and a network that is finished is only written again. To train one from the start, remove its checkpoint (hand.pt,
view.pt, spot.pt, ccnet.pt, eehnet.pt, vae.pt or painter.pt) from data/training.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# The view network learns from what the hand network sees, the spot network begins with its weights, and the inpainting
# network learns from the autoencoder's latents.
RECIPES = ("hand", "view", "spot", "ccnet", "eehnet", "autoencoder", "inpainting")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the recipes in order, each in a process of its own; the exit status of the first that fails, else 0."""
    options = argparse.ArgumentParser(
        prog="python -m experiments.train_weights",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--data", type=Path, default=Path("data/training"), help="folder of the training set")
    options.add_argument("--identities", type=int, help="palms in the training set, where not as many as usual")
    for recipe in RECIPES:
        options.add_argument(f"--minutes-{recipe}", type=float, metavar="MINUTES", help="limit of this recipe")
    chosen = vars(options.parse_args(arguments))
    for recipe in RECIPES:
        command = [sys.executable, "-m", f"experiments.weights.train_{recipe}", "--data", str(chosen["data"])]
        if chosen["identities"] is not None:
            command += ["--identities", str(chosen["identities"])]
        minutes = chosen[f"minutes_{recipe}"]
        if minutes is not None:
            command += ["--minutes", str(minutes)]
        print(f"training the {recipe} network", flush=True)
        status = subprocess.run(command).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
