"""Do de-identified photos still train a model? A hand network trained on them, tested on originals of other people.

    python -m experiments.training_utility method=blur,swap [dataset.identities=60] [dataset.samples=3] [SETTING ...]

Of each method a small hand network learns, from random weights and in a fixed number of steps, on the photos that the
method released of some persons, with the ground truth of the originals; then it looks for hands in untouched photos of
persons that it has not seen. `identity`, which trains on originals, is the upper anchor and `mask` the lower one; both
are always there. All learn from the same draws, and the same first weights. The data set is the rendered palms, whose
truth is known. De-identified photos and trained weights are kept in the usual store: the same command goes on where it
was stopped. Some four minutes a training on one core, and two trainings of each method.

Printed, and written to results/tables/training-utility.csv: hands found, PCK@0.05 and mask IoU of which a hand that is
not found has 0, and the error of the keypoints of those found (NME), each with a 95 % interval over the tested persons,
and how much more or less that is than of `identity`, paired by person. Numbers are means over trainings; how far the
trainings of one method lie apart is beside them, and no interval counts it. Pictures without a hand in which one is
seen say whether a network has only learnt to see hands everywhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

from experiments.training_utility.learning import measured, share_out
from experiments.training_utility.scores import as_csv, row_of, table
from experiments.weights.brief_hand import Recipe
from palmbench.base.outputs import put_result
from palmbench.base.status import DONE
from palmbench.base.store import Store
from palmbench.commands.cli import guarded
from palmbench.config.compose import compose_points
from palmbench.config.schema import RunConfig
from palmbench.engine.engine import Engine
from palmbench.engine.executor import Executor
from palmbench.engine.open_executor import of_this_machine
from palmbench.engine.pipeline import Pipeline
from palmbench.methods.identity import IdentityConfig
from palmbench.methods.mask import MaskConfig
from recognizers.common.cache_keys import digest
from recognizers.common.errors import RequestError

SMALL = ("dataset=synth", "dataset.identities=60", "dataset.samples=3")
STEPS, BATCH, TRAININGS = 300, 16, 2


def pipelines_of(settings: Sequence[str]) -> dict[str, Pipeline]:
    """The anchors and the methods that were asked for, by name and setting.

    Raises
    ------
    RequestError
        If the settings give runs that differ in anything but their method, other photos than rendered ones, or a
        method that moves hands.
    """
    points = compose_points([*SMALL, *settings])
    first = points[0]
    if first.dataset.name != "synth":
        raise RequestError(f"dataset={first.dataset.name}: the truth is known of rendered palms only; leave it out.")
    found: dict[str, Pipeline] = {}
    for point in [replace(first, method=IdentityConfig()), replace(first, method=MaskConfig()), *points]:
        if replace(point, method=first.method) != first:
            raise RequestError("Runs compared here may differ in their method and its settings: sweep nothing else.")
        if point.method.moves:
            raise RequestError(f"method={point.method.name} moves hands, and the truth of the originals with them.")
        pipeline = Pipeline.of(point)
        name = _name(point)
        if name in found and found[name].deidentify.settings != pipeline.deidentify.settings:
            name = f"{name} {digest('setting', settings=pipeline.deidentify.settings)[:6]}"
        found.setdefault(name, pipeline)
    return found


def _name(point: RunConfig) -> str:
    return f"{point.method.called} {point.method.setting()}".strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and test on every method's photos, print the table and write it. Raises RequestError."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.training_utility",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="such as method=blur,swap")
    for name, usual, what in (
        ("steps", STEPS, "of each training"),
        ("batch", BATCH, "views a step"),
        ("trainings", TRAININGS, "of each method, with seeds of their own"),
    ):
        parser.add_argument(f"--{name}", type=int, default=usual, help=f"{what} (default {usual})")
    asked = parser.parse_intermixed_args(arguments)
    if min(asked.steps, asked.batch, asked.trainings) < 1:
        raise RequestError("--steps, --batch and --trainings are at least 1.")
    pipelines = pipelines_of(asked.settings)
    first = next(iter(pipelines.values()))
    config = first.config
    recipes = [Recipe(asked.steps, asked.batch, seed) for seed in range(asked.trainings)]
    with (
        Executor(of_this_machine(config.executor, "The training on photos")) as executor,
        redirect_stdout(sys.stderr),
    ):
        sides = share_out(first)
        engine = Engine(Store.of(config.results_dir), executor)
        found = {name: measured(pipeline, engine, sides, recipes) for name, pipeline in pipelines.items()}
    persons = [shot.sample.person for shot in sides.tested]
    originals = next(iter(found.values())).scores
    rows = [row_of(name, each.photos, each.scores, originals, persons, each.alarms) for name, each in found.items()]
    print(f"Tested on {len(persons)} originals of {len(set(persons))} persons, after {asked.steps} steps of "
          f"{asked.batch} views; trainings of each: {asked.trainings}.")  # fmt: skip
    print("\n".join(table(rows)))
    path = Path(config.results_dir) / "tables" / "training-utility.csv"
    put_result(path, as_csv(rows).encode())
    print(path)
    return DONE


if __name__ == "__main__":
    sys.exit(guarded(main))
