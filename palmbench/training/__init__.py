"""Training of learned recognizers on a data set: `palmbench train`."""

from palmbench.training.command import train_command
from palmbench.training.settings import training_help

__all__ = ["train_command", "training_help"]
