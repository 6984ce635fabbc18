"""What the paper finds about hiding who a palm belongs to (Sections IV-A and IV-E, Tables II and V)."""

from __future__ import annotations

from collections.abc import Sequence

from palmbench.paper.claims.terms import (
    Claim,
    Comparison,
    Parts,
    Quantity,
    Ranking,
    Relation,
    bounded,
    every_photo,
    together,
)
from palmbench.paper.rows import BASELINES, FUSIONS, OURS, PRIORS, SINGLE_SCALES

F = SINGLE_SCALES[2]
SM, _, MF, _ = FUSIONS
MASK, BLUR, PIXELATE = BASELINES

_LABELS = {"mtcc": "MTCC", "ccnet": "CCNet", "eehnet": "EEHNet"}
# The paper's accuracy is the nearest original's for MTCC and EEHNet, the classifier's for CCNet (Table V).
_ACCURACY = {"mtcc": "acc_nn", "ccnet": "acc_cls", "eehnet": "acc_nn"}
_NEAR_ZERO = 10.0
_NO_NTUPI = "without NTU-PI, which has no results by ROI"


def _by_roi(parts: Parts) -> Parts:
    """Without the data set that the paper finds unfit for recognition by ROI."""
    return lambda datasets: parts([name for name in datasets if name != "ntupi"])


def _mtcc_above_ccnet(datasets: Sequence[str]) -> list[Comparison]:
    return [
        Comparison(Quantity(name, OURS, "dir", "mtcc"), ">", Quantity(name, OURS, "dir", "ccnet")) for name in datasets
    ]


def _ntupi(metric: str, relation: Relation) -> Parts:
    """NTU-PI's number against every other data set's, seen by EEHNet."""
    return lambda datasets: [
        Comparison(Quantity("ntupi", OURS, metric, "eehnet"), relation, Quantity(name, OURS, metric, "eehnet"))
        for name in datasets
        if name != "ntupi"
    ]


def _always_effective(name: str) -> Claim:
    parts = bounded(OURS, "dir", ">", _NEAR_ZERO, name)
    reading = f"III-C takes a DIR near 0 % or below for failure; {_NEAR_ZERO:g} % counts as near"
    return Claim(
        f"always-effective-{name}", f"De-identification works against {_LABELS[name]} on every data set",
        "IV-A (its close), Table II", parts if name == "eehnet" else _by_roi(parts), across=True,
        reading=reading if name == "eehnet" else f"{reading}; {_NO_NTUPI}",
    )  # fmt: skip


_ACROSS = (
    Claim(
        "mtcc-effective", "Against MTCC the DIR is at least 85 % and the accuracy at most 11 % on every data set",
        "IV-A, Table II",
        _by_roi(together(bounded(OURS, "dir", ">=", 85, "mtcc"), bounded(OURS, "acc_nn", "<=", 11, "mtcc"))),
        across=True, reading=f"the paper's extremes 85.63 % and 10.91 %, rounded outwards; {_NO_NTUPI}",
    ),
    Claim(
        "ccnet-effective", "Against CCNet the DIR is at least 68 % and the accuracy at most 28 % on every data set",
        "IV-A, Table II",
        _by_roi(together(bounded(OURS, "dir", ">=", 68, "ccnet"), bounded(OURS, "acc_cls", "<=", 28, "ccnet"))),
        across=True, reading=f"the paper's extremes 68.41 % and 27.17 %, rounded outwards; {_NO_NTUPI}",
    ),
    Claim(
        "recognizers-disagree", "MTCC gives the same photos a higher DIR than CCNet does, on every data set",
        "IV-A, Table II", _by_roi(_mtcc_above_ccnet), across=True, reading=_NO_NTUPI,
    ),
    Claim(
        "dir-beside-rr", "On PolyU CCNet's RR is below 10 % although its DIR exceeds 70 %: the two do not say the same",
        "IV-A, Table II",
        lambda _: [
            Comparison(Quantity("polyu", OURS, "rr", "ccnet"), "<", 10),
            Comparison(Quantity("polyu", OURS, "dir", "ccnet"), ">", 70),
        ],
        across=True, needs=("polyu",),
    ),
    Claim(
        "whole-hand-promising", "Only palms change, and still EEHNet's DIR is at least 66 % on IITD, PolyU and Zhou",
        "IV-A, Table II", lambda _: bounded(OURS, "dir", ">=", 66, "eehnet")(("iitd", "polyu", "zhou")),
        across=True, needs=("iitd", "polyu", "zhou"),
    ),
    Claim(
        "ntupi-weakest-verification", "NTU-PI is the weakest data set by EEHNet's RR and DIR", "IV-A, Table II",
        together(_ntupi("rr", "<="), _ntupi("dir", "<=")), across=True, needs=("ntupi",),
    ),
    Claim(
        "ntupi-weakest-accuracy", "NTU-PI is the weakest data set by EEHNet's accuracy, too", "IV-A, Table II",
        _ntupi("acc_nn", ">="), across=True, needs=("ntupi",), reading="the paper's weakest names no metric",
    ),
    *map(_always_effective, _LABELS),
)  # fmt: skip


def _ablation(name: str) -> list[Claim]:
    label = _LABELS[name]
    verification = Ranking(("rr", "dir"), name)
    identification = Ranking((_ACCURACY[name],), name)
    claims: list[Claim] = []
    for kind, words, ranking in (
        ("verification", "RR and DIR", verification),
        ("accuracy", "accuracy", identification),
    ):
        end = f"by {words} against {label}"
        claims += [
            Claim(f"full-scale-strongest-{kind}-{name}", f"f de-identifies best of the single scales, {end}",
                  "IV-E part A, Table V", ranking.best(F, SINGLE_SCALES)),
            Claim(f"mf-strongest-{kind}-{name}", f"m+f de-identifies best of the fusions, {end}",
                  "IV-E part B, Table V", ranking.best(MF, FUSIONS)),
            Claim(f"alpha-01-strongest-{kind}-{name}", f"α=0.1 de-identifies best of the three priors, {end}",
                  "IV-E part C, Table V", ranking.best(PRIORS[0], PRIORS)),
            Claim(f"baselines-weak-{kind}-{name}", f"Blurring and pixelating hide less than diffusion does, {end}",
                  "IV-E part D, Table V", together(*(ranking.better(OURS, (each,)) for each in (BLUR, PIXELATE)))),
        ]  # fmt: skip
    return [
        *claims,
        Claim(f"rr-falls-{name}", f"RR against {label} falls as α rises", "IV-E part C, Table V",
              Ranking(("rr",), name).falling(PRIORS)),
        Claim(f"dir-falls-{name}", f"DIR against {label} falls as α rises", "IV-E part C, Table V",
              Ranking(("dir",), name).falling(PRIORS)),
        Claim(f"prior-costs-{name}", f"The prior of α=0.1 costs RR and DIR against {label}, compared with none",
              "III-B 4 and IV-E part C, Table V", verification.better(SM, PRIORS[:1])),
        Claim(f"sm-not-weakest-{name}", f"s+m is not the weakest of the fusions by DIR against {label}",
              "IV-E part B, Table V", Ranking(("dir",), name).better(SM, FUSIONS), enough="any",
              reading="strong in every metric, which s+m was chosen for, takes at least this"),
        Claim(f"mask-dir-above-100-{name}", f"Masking's DIR against {label} exceeds 100 %, beyond impostors",
              "III-C and IV-E part D, Table V", bounded(MASK, "dir", ">", 100, name),
              reading="III-C calls values above 100 % a fault, and IV-E masking unsuitable"),
        Claim(f"mask-perfect-{name}", f"Masking de-identifies perfectly: {label} rejects every photo",
              "IV-E part D, Table V", every_photo(MASK, "rr", name),
              reading="every photo at hand, without an interval"),
    ]  # fmt: skip


CLAIMS: tuple[Claim, ...] = (*_ACROSS, *_ablation("mtcc"), *_ablation("ccnet"))
