"""What matching distances say about a method: error rates, separability, and how sure one can be of them."""

from palmbench.scoring.distribution import Distribution
from palmbench.scoring.intervals import (
    Interval,
    Replicates,
    ScoreIntervals,
    bootstrap,
    mean_interval,
    score_intervals,
)
from palmbench.scoring.pairs import PairKinds, pair_indices, pair_kinds
from palmbench.scoring.rates import (
    EqualErrorRate,
    decidability,
    deid_ratio,
    equal_error_rate,
    rank1_accuracy,
    rank1_hits,
    rejection_rate,
)

__all__ = [
    "Distribution",
    "EqualErrorRate",
    "Interval",
    "PairKinds",
    "Replicates",
    "ScoreIntervals",
    "bootstrap",
    "decidability",
    "deid_ratio",
    "equal_error_rate",
    "mean_interval",
    "pair_indices",
    "pair_kinds",
    "rank1_accuracy",
    "rank1_hits",
    "rejection_rate",
    "score_intervals",
]
