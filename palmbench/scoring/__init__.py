"""What matching distances say about a method: error rates, separability, and how sure one can be of them."""

from palmbench.scoring.bootstrap import FMRS, Replicates, ScoreIntervals, bootstrap, mean_interval, score_intervals
from palmbench.scoring.distribution import Distribution
from palmbench.scoring.intervals import Interval, share_interval
from palmbench.scoring.jackknife import jackknife_interval
from palmbench.scoring.leak import Calibration, Leak, measure_leak, rank_1_curve
from palmbench.scoring.leak_table import LEAKS
from palmbench.scoring.linkability import Linkability, linkability
from palmbench.scoring.matches import match_rate, match_rate_interval
from palmbench.scoring.metric_table import (
    METRICS,
    Metric,
)
from palmbench.scoring.number import Number
from palmbench.scoring.pairs import PairKinds, pair_kinds
from palmbench.scoring.pooling import output_correlation, pooled_dprime
from palmbench.scoring.rank_1 import Nearest, nearest
from palmbench.scoring.rates import EqualErrorRate, decidability, deid_ratio, equal_error_rate, rejection_rate
from palmbench.scoring.replicated import Replicated, person_weights
from palmbench.scoring.score_sets import ScoreSets, score_sets
from palmbench.scoring.tar_at_fmr import (
    threshold_at_fmr,
    true_accept_rate,
)
from palmbench.scoring.trials import Trials, trials_of
from palmbench.scoring.worst_case import WorstCase, strongest, worst_case

__all__ = [
    "FMRS",
    "LEAKS",
    "METRICS",
    "Calibration",
    "Distribution",
    "EqualErrorRate",
    "Interval",
    "Leak",
    "Linkability",
    "Metric",
    "Nearest",
    "Number",
    "PairKinds",
    "Replicated",
    "Replicates",
    "ScoreIntervals",
    "ScoreSets",
    "Trials",
    "WorstCase",
    "bootstrap",
    "decidability",
    "deid_ratio",
    "equal_error_rate",
    "jackknife_interval",
    "linkability",
    "match_rate",
    "match_rate_interval",
    "mean_interval",
    "measure_leak",
    "nearest",
    "output_correlation",
    "pair_kinds",
    "person_weights",
    "pooled_dprime",
    "rank_1_curve",
    "rejection_rate",
    "score_intervals",
    "score_sets",
    "share_interval",
    "strongest",
    "threshold_at_fmr",
    "trials_of",
    "true_accept_rate",
    "worst_case",
]
