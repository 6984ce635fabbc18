"""The paper's findings as claims, by what they are about."""

from __future__ import annotations

from palmbench.paper.claims.catalogue import deidentification, diversity, quality, usability
from palmbench.paper.claims.terms import Claim

CLAIMS: tuple[Claim, ...] = (
    *deidentification.CLAIMS,
    *quality.CLAIMS,
    *usability.CLAIMS,
    *diversity.CLAIMS,
)
