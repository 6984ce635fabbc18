"""What de-identified photos disclose beside identity: that they were processed, attributes, a network's memory."""

from palmbench.disclosures.disclosure import (
    Disclosed,
    DisclosureConfig,
    Draws,
    Others,
    Reading,
    Shown,
    Side,
)
from palmbench.disclosures.registry import ENTRY_POINTS, added, disclosure_config, find, named, names
from recognizers.common.strict import setting

__all__ = [
    "ENTRY_POINTS", "Disclosed", "DisclosureConfig", "Draws", "Others", "Reading", "Shown", "Side", "added",
    "disclosure_config", "find", "named", "names", "setting",
]  # fmt: skip
