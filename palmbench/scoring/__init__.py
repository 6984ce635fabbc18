"""What matching distances say about a method: error rates, separability, and how sure one can be of them."""

from palmbench.scoring.accept import TrueAcceptRate, threshold_at_fmr, true_accept_rate
from palmbench.scoring.cross_linkability import CrossLinkability, cross_linkability
from palmbench.scoring.differences import Difference, PhotoScores, ScoreDifferences, mean_difference, paired_difference
from palmbench.scoring.distribution import Distribution
from palmbench.scoring.intervals import (
    FMRS,
    Interval,
    Replicates,
    ScoreIntervals,
    bootstrap,
    mean_interval,
    score_intervals,
    share_interval,
)
from palmbench.scoring.jackknife import jackknife_interval
from palmbench.scoring.linkability import Linkability, linkability, permutation_null
from palmbench.scoring.matches import match_rate, match_rate_interval
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
from palmbench.scoring.score_sets import ScoreSets, score_sets
from palmbench.scoring.seeds import SeedSpread, seed_spread, spread_over_seeds

__all__ = [
    "FMRS",
    "CrossLinkability",
    "Difference",
    "Distribution",
    "EqualErrorRate",
    "Interval",
    "Linkability",
    "PairKinds",
    "PhotoScores",
    "Replicates",
    "ScoreDifferences",
    "ScoreIntervals",
    "ScoreSets",
    "SeedSpread",
    "TrueAcceptRate",
    "bootstrap",
    "cross_linkability",
    "decidability",
    "deid_ratio",
    "equal_error_rate",
    "jackknife_interval",
    "linkability",
    "match_rate",
    "match_rate_interval",
    "mean_difference",
    "mean_interval",
    "pair_indices",
    "pair_kinds",
    "paired_difference",
    "permutation_null",
    "rank1_accuracy",
    "rank1_hits",
    "rejection_rate",
    "score_intervals",
    "score_sets",
    "seed_spread",
    "share_interval",
    "spread_over_seeds",
    "threshold_at_fmr",
    "true_accept_rate",
]
