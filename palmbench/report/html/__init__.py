"""The whole benchmark on one HTML page that needs nothing else."""

from palmbench.report.html.command import report_command

__all__ = ["report_command"]
