"""What the paper finds about what hand detectors lose (Sections IV-C and IV-E, Tables IV and VII)."""

from __future__ import annotations

from palmbench.paper.claims.terms import Claim, Ranking, bounded, together
from palmbench.paper.rows import BASELINES, FUSIONS, OURS, PRIORS, SINGLE_SCALES
from palmbench.quality.usability import DIFFERENCES

M = SINGLE_SCALES[1]
SM, SF, MF, SMF = FUSIONS
MASK, BLUR, PIXELATE = BASELINES
_ALL = Ranking(DIFFERENCES)

CLAIMS: tuple[Claim, ...] = (
    Claim("usability-below-1", "Most usability differences are below 1 %",
          "IV-C, Table IV", together(*(bounded(OURS, metric, "<", 1.0) for metric in DIFFERENCES)),
          across=True, enough="most"),
    Claim("m-most-usable", "m costs least usability of the single scales, in all five differences",
          "IV-E part A, Table VII", _ALL.best(M, SINGLE_SCALES)),
    Claim("smf-most-usable", "s+m+f costs least usability of the fusions, in all five differences",
          "IV-E part B, Table VII", _ALL.best(SMF, FUSIONS)),
    Claim("alpha-improves-points-and-masks", "Keypoint, ROI and segmentation differences fall as α rises",
          "IV-E part C, Table VII", Ranking(DIFFERENCES[1:]).rising(PRIORS)),
    Claim("alpha-improves-hand-detection", "The hand detection difference falls as α rises",
          "IV-E part C, Table VII", Ranking(("hand_detection",)).rising(PRIORS)),
    Claim("prior-helps-usability", "The prior of α=0.1 costs less usability than none, in all five differences",
          "III-B 4 and IV-E part C, Table VII", _ALL.better(PRIORS[0], (SM,))),
    Claim("mask-unusable", "Masking costs more usability than diffusion, in all five differences",
          "IV-E part D, Table VII", _ALL.worst(MASK, (OURS,))),
    *(
        Claim(f"more-usable-than-{each.method}",
              f"Diffusion costs less usability than {each.label.lower()}, in all five differences",
              "IV-E (its close), Table VII", _ALL.best(OURS, (each,)),
              reading="the section closes with usability as an advantage over the baselines")
        for each in (BLUR, PIXELATE)
    ),
)  # fmt: skip
