"""What tables and figures are drawn from: data sets, recognizers and points, by the settings and by what is here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from palmbench.paper.request import Override, attackers, value_of
from palmbench.report.labels import dataset_label
from recognizers.common.errors import MissingWeights, RequestError

if TYPE_CHECKING:
    from palmbench.config.schema import RecognizerConfig, RunConfig
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


class Attacked(Protocol):
    """What tables and figures with recognizers declare about them."""

    @property
    def groups(self) -> tuple[RecognizerColumns, ...]: ...

    @property
    def attacks(self) -> tuple[str, ...]: ...


@lru_cache(maxsize=256)
def composed(*words: str) -> tuple[RunConfig, ...]:
    """Points of some overrides; what is drawn together shares them, and composing takes Hydra a while."""
    from palmbench.config.compose import compose_points

    return tuple(compose_points(list(words)))


def base_point(overrides: Sequence[Override]) -> RunConfig:
    """The default run in the user's folders."""
    return composed(*(each.text for each in overrides if each.key in ("data_dir", "results_dir")))[0]


def choose_datasets(title: str, axis: str, overrides: Sequence[Override], data_dir: str) -> Chosen:
    """Data sets of a table or figure, and what to say about those that are not there.

    Parameters
    ----------
    title : str
        Whose they are, as in "Table 5".
    axis : {"dataset", "setting"}
        On "dataset" the synthetic hands and every set of the paper that is present; on "setting" IITD, for which the
        synthetic hands stand in.
    overrides : sequence of Override
        `dataset=` among them picks others.
    data_dir : str
        Where sets are looked for.

    Raises
    ------
    RequestError
        If several data sets are asked for on the axis "setting".
    """
    from palmbench.datasets import present_datasets, read_card

    named = value_of(overrides, "dataset")
    chosen = [name.strip() for name in named.split(",")] if named else []
    if axis == "setting" and len(chosen) > 1:
        raise RequestError(f"{title} is about one data set, not {named}.")
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


def choose_attacks(spec: Attacked, overrides: Sequence[Override], absent: str = "No columns of") -> Attacks:
    """Recognizers that something is drawn from, and what to say about those whose weights are not there.

    Raises
    ------
    MissingWeights
        If none of them can be had.
    """
    from palmbench.stages.enrol import load_recognizer

    labels = {group.name: group.label for group in spec.groups}
    found: list[RecognizerConfig] = []
    notes: list[str] = []
    for words in attackers(overrides, spec.attacks):
        for config in (point.recognizer for point in composed(*words)):
            try:
                load_recognizer(config)
                found.append(config)
            except MissingWeights as error:
                notes.append(f"{absent} {labels.get(config.name, config.name)}. {error}")
    if not found:
        raise MissingWeights(" ".join(notes))
    return Attacks(found, notes)


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
