"""What the paper finds about the look of de-identified photos (Sections IV-B and IV-E, Tables III and VI)."""

from __future__ import annotations

from collections.abc import Sequence

from palmbench.paper.claims.terms import MIRRORED, Claim, Comparison, Parts, Quantity, Ranking, Relation, bounded
from palmbench.paper.rows import BASELINES, FUSIONS, OURS, PRIORS, SINGLE_SCALES
from palmbench.scoring.metric_table import (
    METRICS,
)

S, M, F = SINGLE_SCALES
SM, SF, MF, SMF = FUSIONS
MASK, BLUR, PIXELATE = BASELINES

# Apart, because LPIPS and FID need weights of their own, and because the paper's FID often disagrees with the rest.
_KINDS = (
    ("structure", "SSIM, MS-SSIM and PSNR", ("ssim", "ms_ssim", "psnr")),
    ("lpips", "LPIPS", ("lpips",)),
    ("fid", "FID", ("fid",)),
)
_CONTROLLED, _WILD = ("iitd", "polyu", "rest"), ("zhou", "ntupi")


def _controlled_above_wild(metrics: Sequence[str]) -> Parts:
    def parts(_: Sequence[str]) -> list[Comparison]:
        better: Relation = ">"
        return [
            Comparison(
                Quantity(controlled, OURS, metric),
                better if METRICS[metric].higher_is_better else MIRRORED[better],
                Quantity(wild, OURS, metric),
            )
            for metric in metrics
            for controlled in _CONTROLLED
            for wild in _WILD
        ]

    return parts


def _of(kind: str, words: str, metrics: Sequence[str]) -> list[Claim]:
    ranking = Ranking(metrics)
    end = f"by {words}"
    return [
        Claim(f"controlled-above-wild-{kind}", f"Controlled data sets keep more of the picture than wild ones, {end}",
              "IV-B, Table III", _controlled_above_wild(metrics), across=True, needs=(*_CONTROLLED, *_WILD)),
        Claim(f"s-best-{kind}", f"s has the best image quality of the single scales, {end}",
              "IV-E part A, Table VI", ranking.best(S, SINGLE_SCALES)),
        Claim(f"f-worst-{kind}", f"f has the worst image quality of the single scales, {end}",
              "IV-E part A, Table VI", ranking.worst(F, SINGLE_SCALES)),
        Claim(f"sm-best-{kind}", f"s+m has the best image quality of the fusions, {end}",
              "IV-E part B, Table VI", ranking.best(SM, FUSIONS)),
        Claim(f"mf-worst-{kind}", f"m+f has the worst image quality of the fusions, {end}",
              "IV-E part B, Table VI", ranking.worst(MF, FUSIONS)),
        Claim(f"alpha-improves-{kind}", f"Image quality rises with α, {end}",
              "IV-E part C, Table VI", ranking.rising(PRIORS)),
        Claim(f"prior-helps-{kind}", f"The prior of α=0.1 looks better than none, {end}",
              "III-B 4 and IV-E part C, Table VI", ranking.better(PRIORS[0], (SM,))),
        Claim(f"mask-worst-{kind}", f"Masking degrades the picture more than diffusion does, {end}",
              "IV-E part D, Table VI", ranking.worst(MASK, (OURS,))),
        Claim(f"mask-worst-baseline-{kind}", f"Blurring and pixelating keep more of the picture than masking, {end}",
              "IV-E part D, Table VI", ranking.worst(MASK, BASELINES)),
    ]  # fmt: skip


CLAIMS: tuple[Claim, ...] = (
    Claim("little-distortion", "Diffusion distorts little: SSIM is at least 0.9 on every data set",
          "IV-B, Table III", bounded(OURS, "ssim", ">=", 0.9), across=True,
          reading="the lowest SSIM of Table III is 0.9013"),
    *(claim for kind in _KINDS for claim in _of(*kind)),
    Claim("realistic", "De-identified photos are distributed more like real ones than any baseline's, by FID",
          "IV-B and IV-E part D, Table VI", Ranking(("fid",)).best(OURS, BASELINES)),
)  # fmt: skip
