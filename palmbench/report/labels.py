"""How data sets and metrics are written in tables."""

from __future__ import annotations

from typing import NamedTuple

DATASETS = {
    "iitd": "IITD",
    "polyu": "PolyU",
    "rest": "REST",
    "zhou": "Zhou",
    "ntupi": "NTU-PI",
    "synth": "Synthetic",
    "folder": "Folder",
    "tongji": "Tongji",
    "casia": "CASIA",
    "mpdv2": "MPDv2",
    "11k": "11K Hands",
    "nnnn_ssss": "NNNN_SSSS",
    "manifest": "Manifest",
}


class MetricLabel(NamedTuple):
    """Heading of a metric's column, whether more or less is better, and the decimals that are printed.

    `ideal` is the value that is best where there can be too much of a good thing: nearer is better then.
    """

    text: str
    higher_is_better: bool
    decimals: int
    ideal: float | None = None

    @property
    def heading(self) -> str:
        return f"{self.text} {'↑' if self.higher_is_better else '↓'}"

    def badness(self, value: float) -> float:
        """How far a value is from the best one could wish for; the least of a column is its best."""
        if self.ideal is not None:
            return abs(value - self.ideal)
        return -value if self.higher_is_better else value


# The arrows are the paper's: they point to better de-identification, quality and usability.
METRICS = {
    "rr": MetricLabel("RR", True, 2),
    "rr_without_failures": MetricLabel("RR without failures", True, 2),
    "dir": MetricLabel("DIR", True, 2, ideal=100),
    "acc_nn": MetricLabel("Acc. (nearest)", False, 2),
    "acc_cls": MetricLabel("Acc. (classifier)", False, 2),
    "acc_nn_without_failures": MetricLabel("Acc. (nearest) without failures", False, 2),
    "acc_cls_without_failures": MetricLabel("Acc. (classifier) without failures", False, 2),
    "acc_nn_without_source": MetricLabel("Acc. (nearest, without the source)", False, 2),
    "chance": MetricLabel("Acc. (nearest) by chance", False, 2),
    "chance_without_source": MetricLabel("Acc. (nearest, without the source) by chance", False, 2),
    "far": MetricLabel("FAR of originals", False, 2),
    "frr": MetricLabel("FRR of originals", False, 2),
    "threshold": MetricLabel("threshold", False, 4),
    "eer": MetricLabel("EER of originals", False, 2),
    "dprime": MetricLabel("d′ of originals", True, 2),
    "tar_fmr100": MetricLabel("TAR at FMR 1 %", False, 2),
    "tar_fmr1000": MetricLabel("TAR at FMR 0.1 %", False, 2),
    "tar_fmr100_without_failures": MetricLabel("TAR at FMR 1 % without failures", False, 2),
    "tar_fmr1000_without_failures": MetricLabel("TAR at FMR 0.1 % without failures", False, 2),
    "linkability": MetricLabel("D_sys", False, 3),
    "linkability_null": MetricLabel("D_sys by chance", False, 3),
    "inter_deid_match": MetricLabel("Matches among de-identified", False, 2),
    "ssim": MetricLabel("SSIM", True, 4),
    "ms_ssim": MetricLabel("MS-SSIM", True, 4),
    "psnr": MetricLabel("PSNR", True, 4),
    "lpips": MetricLabel("LPIPS", False, 4),
    "fid": MetricLabel("FID", False, 4),
    "kid": MetricLabel("KID", False, 4),
    "fd_hand": MetricLabel("FD (hand network)", False, 4),
    "ssim_inside": MetricLabel("SSIM inside the palm", True, 4),
    "ssim_outside": MetricLabel("SSIM outside the palm", True, 4),
    "psnr_inside": MetricLabel("PSNR inside the palm", True, 4),
    "psnr_outside": MetricLabel("PSNR outside the palm", True, 4),
    "hand_detection": MetricLabel("Hand Detection", False, 3),
    "keypoints_2d": MetricLabel("2D Keypoint Detection", False, 3),
    "keypoints_3d": MetricLabel("3D Keypoint Detection", False, 3),
    "roi_localization": MetricLabel("ROI Localization", False, 3),
    "hand_segmentation": MetricLabel("Hand Segmentation", False, 3),
    "hand_lost": MetricLabel("Hand lost", False, 2),
    "pck": MetricLabel("PCK", True, 2),
    "mask_iou": MetricLabel("Mask IoU", True, 2),
}

# Rates over all photos, those that failed among them; `..._without_failures` leave them out.
WITH_FAILURES = frozenset({"rr", "acc_nn", "acc_nn_without_source", "acc_cls", "tar_fmr100", "tar_fmr1000"})

# What an attack measures; everything else is a matter of the photos alone, whichever recognizer ran beside it.
RECOGNITION_METRICS = frozenset(
    {"eer", "far", "frr", "threshold", "dprime", "dir", "chance"}
    | WITH_FAILURES
    | {f"{name}_without_failures" for name in WITH_FAILURES}
    | {"chance_without_source", "linkability", "linkability_null", "inter_deid_match"}
)


def dataset_label(name: str) -> str:
    """A data set as the paper writes it."""
    return DATASETS.get(name, name)
