"""How fast stages go: by what a stage is, from the records of earlier runs, or from a table of built-in paces."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from palmbench.config.schema import RunConfig
from palmbench.datasets.settings import SynthConfig
from palmbench.stages.stage import Stage
from recognizers.common.cache_keys import digest

MEASURE = "measure"  # in records and plans: what comes after the stages, for all photos of a point at once
_REFERENCE_SIDE = 256  # pixels of the square that `work` is relative to

# Seconds a photo of one core where nothing else is known, by the stage's name and, where that decides, by what is done:
# measured on two cores of a server's CPU that did nothing else, with photos of the default size. Of diffusion and of
# gradients for one step on a square of 256 pixels.
_BUILT_IN: Mapping[tuple[str, str], float] = {
    ("hands", "rendered"): 0.1,
    ("hands", ""): 0.024,
    ("templates", ""): 0.013,
    ("encodings", ""): 0.14,
    ("deidentified", "diffusion"): 0.08,
    ("deidentified", "sdedit"): 0.046,
    ("deidentified", "adversarial"): 0.04,
    ("deidentified", ""): 0.031,
    ("quality", ""): 0.027,
    ("usability", ""): 0.003,
    ("moved", ""): 0.15,
    ("features", ""): 0.02,
    (MEASURE, ""): 0.0025,
}


class Kind(NamedTuple):
    """What the pace of a stage depends on.

    Attributes
    ----------
    digest : str
        Of everything: the stage's settings, and what photos it is given.
    tool : str
        What does the work: a method or a network with its weights.
    work : float
        How much the tool does for a photo, relative to other settings of it: denoising steps, of which one without
        guidance is half a one, times pixels.
    """

    digest: str
    tool: str
    work: float

    @classmethod
    def of(cls, stage: Stage, point: RunConfig) -> Kind:
        """The kind of a stage of a point."""
        settings = dict(stage.settings)
        photos = [point.dataset.name, point.dataset.profile if isinstance(point.dataset, SynthConfig) else ""]
        tool = [settings.get(part) for part in ("name", "weights", "variant")]
        # Of rendered photos, the first stage pays for the rendering.
        tool += photos if stage.name == "hands" else []
        side = float(settings.get("size") or _REFERENCE_SIDE) / _REFERENCE_SIDE
        begins, ends = settings.get("guided") or (0, 1)
        work = float(settings.get("steps") or 1) * (1 + ends - begins) / 2 * side**2
        whole = digest("pace", stage=stage.name, settings=settings, photos=photos)
        return cls(whole, digest("tool", tool=tool), work)

    @classmethod
    def of_measuring(cls, recognizer: Mapping[str, Any], photos: int) -> Kind:
        """The kind of what comes after the stages, for so many photos with a recognizer of these settings."""
        tool = digest("tool", recognizer=recognizer)
        return cls(digest("pace", stage=MEASURE, tool=tool, photos=photos), tool, 1.0)


class Estimate(NamedTuple):
    """Seconds a photo, and how they are known: "recorded", "scaled" from other settings, or "built in"."""

    seconds: float
    source: str


class Spent(NamedTuple):
    """What a run spent on a stage: photos computed, seconds of all that worked on it over `workers`, and its kind."""

    computed: int
    seconds: float
    kind: Kind


class Paces:
    """Paces of stages.

    Parameters
    ----------
    earlier : iterable of (str, Spent, int)
        What earlier runs on the same device did: a stage's name, what was spent on it, and by how many workers.
    """

    def __init__(self, earlier: Iterable[tuple[str, Spent, int]]) -> None:
        self._earlier = [
            (name, spent.kind, spent.computed, spent.seconds * (1 if name == MEASURE else workers))
            for name, spent, workers in earlier
            if spent.computed
        ]

    def estimate(self, name: str, kind: Kind, tools: Collection[str]) -> Estimate:
        """Seconds a photo of one core; of `measure`, of all.

        Parameters
        ----------
        name : str
            The stage's.
        kind : Kind
        tools : collection of str
            Names of the point's method and recognizer, and "rendered" where its photos have to be rendered first.
        """
        of_stage = [each for each in self._earlier if each[0] == name]
        for source, near in (
            ("recorded", [each for each in of_stage if each[1].digest == kind.digest]),
            ("scaled", [each for each in of_stage if each[1].tool == kind.tool]),
        ):
            if near:
                done = sum(computed * found.work for _, found, computed, _ in near)
                return Estimate(kind.work * sum(seconds for *_, seconds in near) / done, source)
        stage = name.removesuffix("_after")
        # Only the originals are rendered, and once.
        told = [tool for tool in tools if (stage, tool) in _BUILT_IN and (tool != "rendered" or stage == name)]
        return Estimate(kind.work * _BUILT_IN.get((stage, told[0] if told else ""), 0.0), "built in")
