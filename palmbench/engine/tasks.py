"""A task: some samples of one stage, computed and stored by whoever is given it."""

from __future__ import annotations

from typing import NamedTuple

from palmbench.base.memory import give_back, is_want_of_memory
from palmbench.base.store import Store
from palmbench.datasets.sample import Sample
from palmbench.stages.artefacts import Artefacts
from palmbench.stages.stage import Stage
from recognizers.common.errors import Lost, NoHandError, SampleError, no_exit


class Task(NamedTuple):
    """Samples of a stage.

    Attributes
    ----------
    stage : Stage
    samples : tuple of Sample
    store : Store
    device : str
        Where networks compute.
    whole : bool
        Whether samples that want too much memory together are given back, to be tried as smaller tasks.
    """

    stage: Stage
    samples: tuple[Sample, ...]
    store: Store
    device: str
    whole: bool = False


class Finding(NamedTuple):
    """Why a sample has no artefact; `lasting` as of `palmbench.engine.resume.Failure`."""

    reason: str
    lasting: bool


class Done(NamedTuple):
    """What came of a task: by place of the sample in it what was found, and what was lost that it needs.

    Attributes
    ----------
    findings : dict of int to Finding
    lost : dict of int to tuple of str
        Paths of artefacts.
    too_many : bool
        Nothing was computed: there was not enough memory for so many samples at once.
    """

    findings: dict[int, Finding]
    lost: dict[int, tuple[str, ...]]
    too_many: bool = False


def compute(task: Task) -> Done:
    """Compute and store artefacts."""
    stage, kept = task.stage, Artefacts(task.stage, task.store)
    finding, of_memory = Finding("", False), False
    lost: tuple[str, ...] = ()
    try:
        with no_exit(stage.title):
            artefacts = stage.compute(task.samples, task.store, task.device)
    except Lost as error:
        lost = error.places
    except SampleError as error:
        finding = Finding(str(error), isinstance(error, NoHandError))
    except Exception as error:
        if not is_want_of_memory(error):
            raise
        of_memory = True
        finding = Finding(_want_of_memory(task.device), False)
    else:
        for sample, artefact in zip(task.samples, artefacts, strict=True):
            kept.save(sample, artefact)
        return Done({}, {})
    # Here the error is gone, and with it whatever memory its frames held.
    if of_memory:
        give_back(task.device)
    if len(task.samples) > 1:
        if of_memory and task.whole:
            return Done({}, {}, too_many=True)
        alone = [compute(task._replace(samples=(sample,))) for sample in task.samples]
        return Done(
            {place: each.findings[0] for place, each in enumerate(alone) if each.findings},
            {place: each.lost[0] for place, each in enumerate(alone) if each.lost},
        )
    if lost:
        return Done({}, {0: lost})
    if finding.lasting:
        kept.save_failure(task.samples[0], finding.reason)
    return Done({0: finding}, {})


def _want_of_memory(device: str) -> str:
    if device == "cpu":
        return "there was not enough memory for it; fewer processes (executor.workers=1) leave more"
    return "there was not enough memory on the device for it alone; executor.devices=cpu has the machine's"
