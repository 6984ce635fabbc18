"""The rows and columns that the paper's tables and figures share: settings of methods, and recognizers' metrics."""

from __future__ import annotations

from palmbench.quality.usability import DIFFERENCES
from palmbench.report.tables import RecognizerColumns, Setting
from palmbench.scoring.metric_table import (
    names_of,
)

OURS = Setting("Diffusion", "diffusion", "s+m", 0.1)
BASELINES = (Setting("Masking", "mask"), Setting("Blurring", "blur"), Setting("Pixelating", "pixelate"))

SINGLE_SCALES = tuple(Setting(fusion, "diffusion", fusion, 0.0) for fusion in ("s", "m", "f"))
FUSIONS = tuple(Setting(fusion, "diffusion", fusion, 0.0) for fusion in ("s+m", "s+f", "m+f", "s+m+f"))
PRIORS = tuple(Setting(f"α=0.{tenths}", "diffusion", "s+m", tenths / 10) for tenths in (1, 2, 3))

METHODS = ((OURS, *BASELINES),)
ABLATION = (SINGLE_SCALES, FUSIONS, PRIORS, BASELINES)

ATTACKS = ("mtcc", "ccnet", "eehnet")
MTCC = RecognizerColumns("mtcc", "MTCC", ("rr", "rr_without_failures", "dir", "acc_nn"))
MTCC_ORIGINAL = MTCC._replace(name="mtcc-original", label="MTCC (original)")
CCNET = RecognizerColumns("ccnet", "CCNet", ("rr", "rr_without_failures", "dir", "acc_cls", "acc_nn"))
CCNET_COMPACT = CCNET._replace(name="ccnet-compact", label="CCNet (compact)")
# Its code is not public: what runs here is a reconstruction, and every table says so.
EEHNET = RecognizerColumns(
    "eehnet", "EEHNet (reconstruction)", ("rr", "rr_without_failures", "dir", "acc_cls", "acc_nn")
)
EEHNET_COMPACT = EEHNET._replace(name="eehnet-compact", label="EEHNet (reconstruction, compact)")
MTCC_COLUMNS, CCNET_COLUMNS, EEHNET_COLUMNS = (MTCC, MTCC_ORIGINAL), (CCNET, CCNET_COMPACT), (EEHNET, EEHNET_COMPACT)

QUALITY = RecognizerColumns("", "", ("ssim", "ms_ssim", "psnr", "lpips", "fid", "kid", "fd_hand"))
USABILITY = RecognizerColumns("", "", DIFFERENCES)

# What the CSV of a table holds beside its columns.
MORE_RATES = names_of("recognition", but=CCNET.metrics)
MORE_QUALITY = names_of("quality", but=QUALITY.metrics)
MORE_USABILITY = names_of("usability", but=USABILITY.metrics)
