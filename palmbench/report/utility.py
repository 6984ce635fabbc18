"""Utility of photos, from 0 where the palm is masked to 1 where nothing was done, so that measures can be averaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from palmbench.scoring.metric_table import METRICS
from palmbench.scoring.number import Number

# Likeness, realism, and what the hand is still good for.
MEASURES = ("ssim", "fd_hand", "keypoints_2d", "mask_iou", "gesture", "hand_lost")
LABEL = "utility: 0 the palm masked, 1 untouched"


@dataclass(frozen=True)
class UtilityScale:
    """The two ends of the scale: u = (x - x_mask) / (x_identity - x_mask), of each measure.

    Attributes
    ----------
    identity, mask : mapping of str to Number
        Metrics of the two runs, on the same photos.
    """

    identity: Mapping[str, Number]
    mask: Mapping[str, Number]

    @property
    def measures(self) -> tuple[str, ...]:
        """Those that tell a masked palm from an untouched one: the ends' intervals do not meet."""
        return tuple(name for name in MEASURES if self._apart(name))

    def scaled(self, numbers: Mapping[str, Number]) -> dict[str, Number]:
        """Each measure on the scale, cut off at 0 and 1; its interval that of the measure, the ends taken as known."""
        found = {}
        for name in self.measures:
            if (number := numbers.get(name)) is not None and number.value is not None:
                value = self._on_scale(name, number.value)
                ends = [self._on_scale(name, number.value if end is None else end) for end in (number.lo, number.hi)]
                found[name] = Number.of(value, sorted(ends), number.n, number.failed)
        return found

    def of(self, numbers: Mapping[str, Number]) -> Number:
        """Mean of the measures; lacking where one is. The ends of its interval are the means of theirs."""
        scaled = self.scaled(numbers)
        if not self.measures:
            return Number.lacking("a measure in which masked palms differ from untouched ones")
        if len(scaled) < len(self.measures):
            wanted = next(name for name in self.measures if name not in scaled)
            return Number.lacking(f"{METRICS[wanted].label} of its run")
        lows, values, highs = zip(*((each.lo, each.value, each.hi) for each in scaled.values()), strict=True)
        n, failed = (max(getattr(each, name) for each in scaled.values()) for name in ("n", "failed"))
        return Number.of(float(np.mean(values)), (float(np.mean(lows)), float(np.mean(highs))), n, failed)

    @property
    def words(self) -> str:
        """Which measures it is of, as a sentence."""
        taken = ", ".join(METRICS[name].label for name in self.measures) or "no measure"
        left = [METRICS[name].label for name in MEASURES if name not in self.measures]
        said = f"Utility: the mean of {taken}, each from 0 where the palm is masked to 1 where nothing was done."
        return (
            f"{said} Left out, not measured or no better than with the palm masked: {', '.join(left)}."
            if left
            else said
        )

    def _apart(self, name: str) -> bool:
        high, low = self.identity.get(name), self.mask.get(name)
        if high is None or low is None or high.value is None or low.value is None:
            return False
        if not METRICS[name].higher_is_better:
            high, low = low, high
        bottom = high.value if high.lo is None else high.lo
        top = low.value if low.hi is None else low.hi
        assert bottom is not None and top is not None
        return bottom > top

    def _on_scale(self, name: str, value: float) -> float:
        high, low = self.identity[name].value, self.mask[name].value
        assert high is not None and low is not None
        return float(np.clip((value - low) / (high - low), 0, 1)) + 0.0  # lest it be -0
