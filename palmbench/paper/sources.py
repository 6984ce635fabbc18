"""What tables and figures are drawn from: data sets and recognizers, by the settings and by what is here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from palmbench.report.labels import dataset_label
from palmbench.report.rows import recognizer_name
from recognizers.common.errors import MissingWeights, RequestError

if TYPE_CHECKING:
    from palmbench.config.schema import RecognizerConfig, RunConfig
    from palmbench.paper.overrides import Request
    from palmbench.report.tables import RecognizerColumns

PAPERS_DATASETS = ("iitd", "polyu", "rest", "zhou", "ntupi")
ABLATION_DATASET = "iitd"
_SCALES = {
    "image": "Usability: 100 % is the photo's width or height, its area for masks, the hand's length in 3D.",
    "hand": "Usability: 100 % is the larger side of the hand's box, its square for masks, the hand's length in 3D.",
}


class Chosen(NamedTuple):
    """Names of data sets, and a sentence on each that one would expect and that is not there."""

    datasets: list[str]
    notes: list[str]


class Attacks(NamedTuple):
    """Recognizers, and a sentence on each whose weights are not there."""

    recognizers: list[RecognizerConfig]
    notes: list[str]


def choose_datasets(title: str, axis: str, request: Request) -> Chosen:
    """Data sets of a table or figure, and what to say about those that are not there.

    Parameters
    ----------
    title : str
        Whose they are, as in "Table 5".
    axis : {"dataset", "setting"}
        On "dataset" the synthetic hands and every set of the paper that is present; on "setting" IITD, for which the
        synthetic hands stand in.
    request : Request
        May name others.

    Raises
    ------
    RequestError
        If several data sets are asked for on the axis "setting".
    """
    from palmbench.datasets import present_datasets, read_card

    chosen, data_dir = request.named("dataset"), request.data_dir
    if axis == "setting" and len(chosen) > 1:
        raise RequestError(f"{title} is about one data set, not {','.join(chosen)}.")
    if chosen:
        return Chosen(chosen, [])
    present = [name for name in present_datasets(data_dir) if name != "synth"]
    if axis == "setting":
        wanted, datasets = [ABLATION_DATASET], [ABLATION_DATASET if ABLATION_DATASET in present else "synth"]
    else:
        wanted, datasets = list(PAPERS_DATASETS), ["synth", *(name for name in PAPERS_DATASETS if name in present)]
    absent = [read_card(name) for name in wanted if name not in present]
    notes = [
        f"{dataset_label(card.name)} is not in {data_dir}/{card.name}; ask for it at {card.request}." for card in absent
    ]
    return Chosen(datasets, notes)


def choose_attacks(
    request: Request, usual: Sequence[str], labels: Sequence[RecognizerColumns] = (), absent: str = "Not attacked with"
) -> Attacks:
    """Recognizers that something is drawn from, and what to say about those whose weights are not there.

    Raises
    ------
    MissingWeights
        If none of them can be had.
    RequestError
        If two of them have one name in tables.
    """
    from palmbench.stages.enrol import load_recognizer

    called = {group.name: group.label for group in labels}
    found: dict[str, RecognizerConfig] = {}
    notes: list[str] = []
    for config in request.recognizers(usual):
        try:
            variant = load_recognizer(config).settings().get("variant")
        except MissingWeights as error:
            notes.append(f"{absent} {called.get(config.name, config.name)}. {error}")
            continue
        name = recognizer_name({"recognizer": config.name, "variant": variant})
        if name in found:
            raise RequestError(
                f"{request.who} has one place for {name}; take two of them one by one, with a results_dir each."
            )
        found[name] = config
    if not found:
        raise MissingWeights(" ".join(notes))
    return Attacks(list(found.values()), notes)


def describe_samples(points: Sequence[RunConfig]) -> list[str]:
    """Which part of its data set something is of, where it is not the whole."""
    from palmbench.datasets.settings import SynthConfig

    told: dict[str, None] = {}
    for dataset in (point.dataset for point in points):
        if isinstance(dataset, SynthConfig):
            continue  # of as many palms as one asks for: none is the whole
        parts = [f"split {dataset.split}"] if dataset.split else []
        limits = {"the first {} palms": dataset.identities, "the first {} photos of each": dataset.samples}
        parts += [words.format(number) for words, number in limits.items() if number is not None]
        if parts:
            told[f"{dataset_label(dataset.name)}: {', '.join(parts)}."] = None
    return list(told)


def describe_methods(points: Sequence[RunConfig]) -> list[str]:
    """With which models something was made: the paper's numbers beside it are of Paint by Example."""
    return list(dict.fromkeys(text for point in points if (text := point.method.describe())))


def describe_conventions(points: Sequence[RunConfig], metrics: Collection[str]) -> list[str]:
    """How some metrics were measured, where that is a setting: what 100 % is, and what is not as in the paper.

    Parameters
    ----------
    points : sequence of RunConfig
    metrics : collection of str
        Those that are shown.
    """
    told: dict[str, None] = {}
    for point in points:
        if point.region != "paper":
            told["All palm skin is repainted (region=palm), which is about twice the paper's polygon."] = None
        if point.eer != "exact" and "rr" in metrics:
            told[f"Operating point by the convention eer={point.eer}, its interval by eer=exact."] = None
        if point.quality.name != "paper" and "ssim" in metrics:
            told[
                f"Image quality by the defaults of {point.quality.name} (LPIPS on AlexNet), which are not the paper's."
            ] = None
        if "hand_detection" in metrics:
            told[_SCALES[point.quality.usability_scale]] = None
    return list(told)
