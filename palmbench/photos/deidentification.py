"""What is done to each photo: how palms are repainted, and how the result is checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from palmbench import methods
from palmbench.config.schema import MTCCConfig, RecognizerConfig, RunConfig
from palmbench.hands import load_detector, load_segmenter
from palmbench.hands.find import MOST_HANDS
from palmbench.hands.palm import Region
from palmbench.hands.settings import AnySegmenterConfig, DetectorConfig
from palmbench.hands.spotting import Spotter
from palmbench.methods import MethodConfig
from palmbench.methods.folder import FolderConfig
from palmbench.methods.region import region_versions
from palmbench.photos.painter import Tools
from palmbench.photos.verification import MTCC_THRESHOLD, Verifier
from palmbench.stages.enrol import load_recognizer
from recognizers.common.cache_keys import digest, versions_of
from recognizers.common.errors import RequestError

VERSION = 2
_CODE = (
    "colour",
    "evidence",
    "matrix_profile",
    "overlooked",
    "painter",
    "reading",
    "stripped",
    "verification",
    "window",
    "writing",
)
TRIES = 5


@dataclass(frozen=True)
class Check:
    """A recognizer that has the last word.

    Attributes
    ----------
    recognizer : RecognizerConfig
    threshold : float
        A palm is hidden when its distance to the original is above it.
    tries : int
        Drawings of a palm, the first one included, before it is given up.
    """

    recognizer: RecognizerConfig
    threshold: float
    tries: int = TRIES


@dataclass(frozen=True)
class Deidentification:
    """Everything that can change a result, but for the photo itself.

    Attributes
    ----------
    method : MethodConfig
    detector : DetectorConfig
    segmenter : AnySegmenterConfig
    seed : int
    count : int
        Results for each photo.
    check : Check or None
    keep_unchanged : bool
        Write photos in which a hand, or all of them, could not be repainted.
    keep_matching : bool
        Write results that the check still matches.
    region : {"paper", "palm"}
        How much of a palm is repainted; see `palmbench.hands.palm.palm_mask`.
    every_hand : bool
        Repaint hands too that do not show their palm.
    """

    method: MethodConfig
    detector: DetectorConfig
    segmenter: AnySegmenterConfig
    seed: int = 0
    count: int = 1
    check: Check | None = None
    keep_unchanged: bool = False
    keep_matching: bool = False
    region: Region = "palm"
    every_hand: bool = False

    @property
    def shared(self) -> bool:
        """Whether all photos start from the same noise."""
        return self.method.shared_noise

    def settings(self) -> dict[str, Any]:
        """As plain JSON values, digests of the weights included.

        Raises
        ------
        RequestError
            If weights are missing, or a setting does not suit them.
        """
        tools = load_tools(self, "cpu")
        check = None
        if self.check is not None:
            check = {
                "recognizer": load_recognizer(self.check.recognizer).settings(),
                "threshold": self.check.threshold,
                "tries": self.check.tries,
            }
        return {
            **tools.settings(),
            "seed": self.seed if tools.method.seeded else None,
            "shared": self.shared,
            "check": check,
            "keep_unchanged": self.keep_unchanged,
            "keep_matching": self.keep_matching,
            "every_hand": self.every_hand,
        }


def deidentification_of(
    config: RunConfig,
    count: int = 1,
    check: Check | None = None,
    keep_unchanged: bool = False,
    keep_matching: bool = False,
    every_hand: bool = False,
) -> Deidentification:
    """The de-identification that a run's settings describe.

    Raises
    ------
    RequestError
        If the method hides nothing, or cannot give different results, or the detector knows of one hand only.
    """
    method, detector = config.method, config.detector
    if isinstance(method, FolderConfig):
        raise RequestError(
            "method=folder is photos that were de-identified elsewhere; there is nothing to repaint with it."
        )
    if not method.hides:
        raise RequestError(f"method={method.name} hides nothing of a photo; choose a method that does.")
    if method.by_palm:
        raise RequestError(
            f"method={method.name} with {method.setting()} must be told whose palm each photo shows, which a data set "
            f"tells and photos alone do not{f'; {method.by_photo} need not' if method.by_photo else ''}."
        )
    if count > 1 and not method.seeded:
        raise RequestError(f"method={method.name} draws nothing at random: all {count} results would be the same one.")
    if detector.valleys == "pklnet":
        raise RequestError(
            "detector.valleys=pklnet knows of one hand in a photo, and every hand must be found here; leave it out."
        )
    # Whatever the paper's code leaves out of a crop: here a palm is to be hidden.
    method = method.of_whole_palm().on(config.executor.where)
    return Deidentification(
        method, detector, config.segmenter, config.seed, count, check, keep_unchanged, keep_matching, config.region,
        every_hand,
    )  # fmt: skip


def check_of(recognizer: RecognizerConfig, threshold: float | None, tries: int) -> Check:
    """A check with a recognizer's usual threshold, or another one.

    Raises
    ------
    RequestError
        If no threshold is given for a recognizer whose usual one is not known.
    """
    if threshold is None and recognizer != MTCCConfig():
        options = "".join(f" recognizer.{key}={value}" for key, value in recognizer.options.items())
        raise RequestError(
            f"--threshold is needed with recognizer={recognizer.name}{options}: the distance up to which two palms "
            "match is known of mtcc, variant yan, only."
        )
    return Check(recognizer, MTCC_THRESHOLD if threshold is None else threshold, tries)


def with_most_hands(detector: DetectorConfig) -> DetectorConfig:
    """The detector told to look for as many hands as a photo may well have; PKLNet knows of one."""
    return detector if detector.valleys == "pklnet" else replace(detector, hands=MOST_HANDS)


LOADED: dict[str, Tools] = {}  # of this process, by what they are; empty in a new one


def load_tools(deid: Deidentification, device: str) -> Tools:
    """Detector, segmenter and method, loaded once a process."""
    key = repr((deid.detector, deid.segmenter, deid.method, deid.region, device))
    if key not in LOADED:
        LOADED.clear()  # networks are large: the last ones used are enough
        LOADED[key] = Tools(
            load_detector(deid.detector, device),
            load_segmenter(deid.segmenter, device),
            methods.load(deid.method, device, deid.region),
            deid.region,
            Spotter(device),
        )
    return LOADED[key]


def load_verifier(deid: Deidentification, device: str) -> Verifier | None:
    """The recognizer of the check, if there is one."""
    if deid.check is None:
        return None
    tools, check = load_tools(deid, device), deid.check
    return Verifier(load_recognizer(check.recognizer, device), check.threshold, tools.detector, tools.segmenter)


def result_key(settings: dict[str, Any], photo: str, number: int, format_name: str) -> str:
    """Key of a result: everything that can change its bytes.

    Parameters
    ----------
    settings : dict
        `Deidentification.settings`.
    photo : str
        Digest of the photo's file.
    number : int
        Which of several results.
    format_name : str
    """
    versions = {
        "deidentification": VERSION,
        **versions_of("palmbench.base", "photo_files"),
        **versions_of("palmbench.methods", "palette"),
        **versions_of("palmbench.photos", *_CODE),
        **region_versions(),
    }
    return digest("deid", versions=versions, settings=settings, photo=photo, number=number, format=format_name)
