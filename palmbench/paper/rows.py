"""The rows and columns that the paper's tables and figures share: settings of methods, and recognizers' metrics."""

from __future__ import annotations

from palmbench.report.tables import RecognizerColumns, Setting

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
USABILITY = RecognizerColumns(
    "", "", ("hand_detection", "keypoints_2d", "keypoints_3d", "roi_localization", "hand_segmentation")
)

# What the CSV of a table holds beside its columns.
MORE_RATES = (
    "eer", "far", "frr", "threshold", "dprime", "tar_fmr100", "tar_fmr100_without_failures", "tar_fmr1000",
    "tar_fmr1000_without_failures", "acc_nn_without_failures", "acc_cls_without_failures", "chance",
    "acc_nn_without_source", "chance_without_source", "linkability", "linkability_null", "inter_deid_match",
)  # fmt: skip
MORE_QUALITY = ("ssim_inside", "ssim_outside", "psnr_inside", "psnr_outside")
MORE_USABILITY = ("hand_lost", "pck", "mask_iou")
