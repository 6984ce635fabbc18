"""What matching distances say about a method: error rates, separability, and how sure one can be of them."""

from palmbench.scoring.bootstrap import FMRS, Replicates, ScoreIntervals, bootstrap, mean_interval, score_intervals
from palmbench.scoring.distribution import Distribution
from palmbench.scoring.intervals import Interval, share_interval
from palmbench.scoring.jackknife import jackknife_interval
from palmbench.scoring.linkability import Linkability, linkability
from palmbench.scoring.matches import match_rate, match_rate_interval
from palmbench.scoring.metric_table import (
    METRICS,
    Metric,
)
from palmbench.scoring.number import Number
from palmbench.scoring.pairs import PairKinds, pair_kinds
from palmbench.scoring.rank_1 import Nearest, nearest
from palmbench.scoring.rates import EqualErrorRate, decidability, deid_ratio, equal_error_rate, rejection_rate
from palmbench.scoring.score_sets import ScoreSets, score_sets
from palmbench.scoring.tar_at_fmr import (
    threshold_at_fmr,
    true_accept_rate,
)

__all__ = [
    "FMRS",
    "METRICS",
    "Distribution",
    "EqualErrorRate",
    "Interval",
    "Linkability",
    "Metric",
    "Nearest",
    "Number",
    "PairKinds",
    "Replicates",
    "ScoreIntervals",
    "ScoreSets",
    "bootstrap",
    "decidability",
    "deid_ratio",
    "equal_error_rate",
    "jackknife_interval",
    "linkability",
    "match_rate",
    "match_rate_interval",
    "mean_interval",
    "nearest",
    "pair_kinds",
    "rejection_rate",
    "score_intervals",
    "score_sets",
    "share_interval",
    "threshold_at_fmr",
    "true_accept_rate",
]
