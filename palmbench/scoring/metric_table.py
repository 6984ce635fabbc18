"""Every metric that a run reports: what it says, its unit, which way is better, and how it treats failures.

One table, which run lines, tables, figures, claims, trackers, the dashboard and the documentation read. In the order
of the table columns and rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["recognition", "quality", "usability"]
Basis = Literal["photos", "pairs", "sets"]
# What has to be there, beside photos, for a run to have the number.
Needs = Literal[
    "",
    "an operating point",
    "impostor pairs",
    "mated pairs",
    "pairs of de-identified photos",
    "a classifier",
    "weights",
]


@dataclass(frozen=True)
class Metric:
    """What is measured, and how it is read.

    Attributes
    ----------
    name : str
        In `metrics.json` and in the CSV tables.
    label : str
        Heading of its column.
    says : str
        What it is, in a sentence without a full stop.
    higher_is_better : bool
        For privacy (recognition), or for utility (quality and usability): the arrows are the paper's.
    family : {"recognition", "quality", "usability"}
        Recognition is an attack's; the rest is a matter of the photos alone, whichever recognizer ran beside it.
    unit : str
        "%", or the range; "" for a plain number.
    decimals : int
        As printed.
    failures : str
        What becomes of photos that failed: "left out", or "count as ...", or "" where none can fail.
    basis : {"photos", "pairs", "sets"}
        Whether it is a mean over photos, comes from pairs of originals, or is a distance between sets of photos.
    needs : str
        What there must be, beside photos, for a value.
    ideal : float or None
        The value that is best where there can be too much of a good thing: nearer is better then.
    optional : bool
        A run need not have it, and a table has a column for it only where there is a number.
    stands_in_for : str
        The metric whose column it takes where that one was not measured.
    """

    name: str
    label: str
    says: str
    higher_is_better: bool
    family: Family
    unit: str = "%"
    decimals: int = 2
    failures: str = "left out"
    basis: Basis = "photos"
    needs: Needs = ""
    ideal: float | None = None
    optional: bool = False
    stands_in_for: str = ""

    @property
    def heading(self) -> str:
        """Label and arrow."""
        return f"{self.label} {'↑' if self.higher_is_better else '↓'}"

    @property
    def counts_failures(self) -> bool:
        """Whether it is a rate over all photos, those that failed among them."""
        return self.failures.startswith("count")

    def badness(self, value: float) -> float:
        """How far a value is from the best one could wish for; the least of a column is its best."""
        if self.ideal is not None:
            return abs(value - self.ideal)
        return -value if self.higher_is_better else value


def _recognition(name: str, label: str, says: str, higher: bool = False, **more: object) -> Metric:
    return Metric(name, label, says, higher, "recognition", **more)  # type: ignore[arg-type]


def _quality(name: str, label: str, says: str, higher: bool = True, **more: object) -> Metric:
    return Metric(name, label, says, higher, "quality", decimals=4, **more)  # type: ignore[arg-type]


def _usability(
    name: str, label: str, says: str, higher: bool = False, decimals: int = 3, failures: str = "left out"
) -> Metric:
    return Metric(name, label, says, higher, "usability", decimals=decimals, failures=failures)


_ALL = (
    _recognition("rr", "RR", "share of de-identified photos that no longer match their own original at the operating "
                 "point", True, failures="count as rejected", needs="an operating point"),
    _recognition("rr_without_failures", "RR without failures", "RR of the photos that had a template", True,
                 needs="an operating point"),
    _recognition("dir", "DIR", "where de-identified scores lie between genuine (0) and impostor scores (100), "
                 "equation 4 of the paper", True, needs="an operating point", ideal=100),
    _recognition("acc_nn", "Acc. (nearest)", "share of de-identified photos whose nearest original is of their palm",
                 failures="count as missed"),
    _recognition("acc_cls", "Acc. (classifier)", "share that a closed-set classifier gives its own identity",
                 failures="count as missed", needs="a classifier", optional=True),
    _recognition("eer", "EER of originals", "equal error rate of the originals", basis="pairs",
                 needs="an operating point"),
    _recognition("far", "FAR of originals", "share of impostor pairs accepted at the operating point", basis="pairs",
                 needs="an operating point"),
    _recognition("frr", "FRR of originals", "share of genuine pairs rejected at the operating point", basis="pairs",
                 needs="an operating point"),
    _recognition("threshold", "threshold", "distance of the operating point: at or below it two photos match",
                 unit="distance", decimals=4, basis="pairs", needs="an operating point"),
    _recognition("dprime", "d′ of originals", "distance of the genuine and the impostor mean in standard deviations",
                 True, unit="", basis="pairs", needs="an operating point"),
    _recognition("tar_fmr100", "TAR at FMR 1 %", "share of de-identified photos that match their own original where "
                 "at most 1 % of the impostors do", failures="count as not accepted", needs="impostor pairs"),
    _recognition("tar_fmr100_without_failures", "TAR at FMR 1 % without failures", "the same, of the photos that had "
                 "a template", needs="impostor pairs"),
    _recognition("tar_fmr1000", "TAR at FMR 0.1 %", "share of de-identified photos that match their own original "
                 "where at most 0.1 % of the impostors do", failures="count as not accepted", needs="impostor pairs"),
    _recognition("tar_fmr1000_without_failures", "TAR at FMR 0.1 % without failures", "the same, of the photos that "
                 "had a template", needs="impostor pairs"),
    _recognition("acc_nn_without_failures", "Acc. (nearest) without failures", "nearest-original accuracy of the "
                 "photos that had a template"),
    _recognition("acc_cls_without_failures", "Acc. (classifier) without failures", "classifier accuracy of the photos "
                 "that had a template", needs="a classifier", optional=True),
    _recognition("chance", "Acc. (nearest) by chance", "what a guess among the originals gets", failures=""),
    _recognition("acc_nn_without_source", "Acc. (nearest, without the source)", "nearest-original accuracy with the "
                 "photo's own original taken out of the gallery", failures="count as missed"),
    _recognition("chance_without_source", "Acc. (nearest, without the source) by chance", "what a guess among the "
                 "originals but the photo's own gets", failures=""),
    _recognition("linkability", "D_sys", "how far a de-identified photo can be tied to other originals of its palm",
                 unit="0 to 1", decimals=3, needs="mated pairs"),
    _recognition("linkability_null", "D_sys by chance", "D_sys when palms are exchanged at random", unit="0 to 1",
                 decimals=3, needs="mated pairs"),
    _recognition("inter_deid_match", "Matches among de-identified", "share of pairs of two persons' de-identified "
                 "photos that match at the operating point", basis="pairs", needs="pairs of de-identified photos"),
    _quality("ssim", "SSIM", "structural similarity", unit="up to 1"),
    _quality("ms_ssim", "MS-SSIM", "structural similarity on five scales", unit="up to 1"),
    _quality("psnr", "PSNR", "peak signal to noise ratio", unit="dB"),
    _quality("lpips", "LPIPS", "distance of deep features", False, unit="", needs="weights"),
    _quality("fid", "FID", "Fréchet distance of Inception features", False, unit="", basis="sets", needs="weights"),
    _quality("kid", "KID", "kernel distance of Inception features", False, unit="", basis="sets", needs="weights",
             optional=True),
    _quality("fd_hand", "FD (hand network)", "Fréchet distance of features of the embedded hand network", False,
             unit="", basis="sets", optional=True, stands_in_for="fid"),
    _quality("ssim_inside", "SSIM inside the palm", "SSIM of the palm alone", unit="up to 1"),
    _quality("ssim_outside", "SSIM outside the palm", "SSIM of everything but the palm", unit="up to 1"),
    _quality("psnr_inside", "PSNR inside the palm", "PSNR of the palm alone", unit="dB"),
    _quality("psnr_outside", "PSNR outside the palm", "PSNR of everything but the palm", unit="dB"),
    _usability("hand_detection", "Hand Detection", "mean absolute error of the four coordinates of the hand's box"),
    _usability("keypoints_2d", "2D Keypoint Detection", "mean absolute error of the 21 keypoints in the photo"),
    _usability("keypoints_3d", "3D Keypoint Detection", "mean absolute error of the 21 joints in space, from the "
               "wrist"),
    _usability("roi_localization", "ROI Localization", "mean absolute error of the corners of the recognition ROI"),
    _usability("hand_segmentation", "Hand Segmentation", "share of pixels that are hand in one mask and not in the "
               "other"),
    _usability("hand_lost", "Hand lost", "share of photos whose hand was not found before or not after", False, 2,
               "count as lost"),
    _usability("pck", "PCK", "share of keypoints found again within 5 % of the hand's box", True, 2),
    _usability("mask_iou", "Mask IoU", "intersection of both hand masks over their union", True, 2),
    _usability("gesture", "Gesture agreement", "share of photos in which the same fingers are stretched and bent", True,
               2),
)  # fmt: skip

METRICS = {metric.name: metric for metric in _ALL}

# What a run is told by in a line: whether the palm is hidden, what the photo lost, and whether the hand can be used.
HEADLINE = ("rr", "dir", "acc_nn", "ssim", "keypoints_2d")


def names_of(family: Family, but: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Names of a family's metrics in the order of the table, without some."""
    return tuple(name for name, metric in METRICS.items() if metric.family == family and name not in but)
