"""The paper's findings, checked one by one."""

from __future__ import annotations

from experiments.claims.command import claims_command

__all__ = ["claims_command"]
