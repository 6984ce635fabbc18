"""The dashboard of tracked runs, made in your project at Weights & Biases in one step.

    python -m experiments.dashboard PROJECT_OR_ENTITY/PROJECT [--json]

Says where it is. With --json it prints the layout instead and needs no network. Needs wandb-workspaces:
pip install 'palmbench[dashboard]'. What the panels are drawn from is in docs/tracking.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from palmbench.base.status import DONE
from palmbench.commands.cli import guarded
from palmbench.scoring.metric_table import (
    HEADLINE,
    METRICS,
)
from recognizers.common.errors import RequestError

NAME = "palmbench"
_NEEDED = "The dashboard needs the package wandb-workspaces: pip install 'palmbench[dashboard]'."


def main(words: Sequence[str]) -> int:
    """Make the dashboard, or print its layout; the exit status of `palmbench`.

    Raises
    ------
    RequestError
        If the package is missing, nobody is logged in, or the server does not take it.
    """
    parser = argparse.ArgumentParser(prog="python -m experiments.dashboard", description=__doc__.split("\n")[0])
    parser.add_argument("project", nargs="?", default=NAME, help="PROJECT or ENTITY/PROJECT; default: palmbench")
    parser.add_argument("--json", action="store_true", help="print the layout; nothing is sent")
    parsed = parser.parse_args(list(words))
    entity, _, project = parsed.project.rpartition("/")
    if parsed.json:
        print(json.dumps(layout(workspace(entity or "you", project)), indent=1))
        return DONE
    print(_save(workspace(entity or _entity(), project)))
    return DONE


def workspace(entity: str, project: str) -> Any:
    """The dashboard as an object of wandb-workspaces; nothing is sent.

    Raises
    ------
    RequestError
        If the package is missing.
    """
    try:
        import wandb_workspaces.reports.v2 as panels
        import wandb_workspaces.workspaces as views
    except ImportError as error:
        raise RequestError(_NEEDED) from error

    def bars(metric: str) -> Any:
        title = f"{METRICS[metric].heading} by method, {METRICS[metric].unit}"
        return panels.BarPlot(
            title=title, metrics=[panels.SummaryMetric(metric)], groupby=panels.Config("method"), orientation="v"
        )

    def scatter(x: str, y: str) -> Any:
        metric = METRICS.get(x)
        return panels.ScatterPlot(
            title=f"{METRICS[y].label} against {metric.label if metric else x}",
            x=panels.SummaryMetric(x) if metric else panels.Config(x),
            y=panels.SummaryMetric(y),
            legend_template="${run:displayName}",
        )

    sections = {
        "Privacy": [
            bars("rr"),
            bars("dir"),
            scatter("alpha", "rr"),
            scatter("alpha", "dir"),
        ],
        "Quality against privacy": [scatter("dir", "ssim"), scatter("dir", "lpips")],
        "Photos and scores": [
            panels.MediaBrowser(title="Original and de-identified", media_keys=["preview"], num_columns=3),
            panels.MediaBrowser(title="Score distributions", media_keys=["distributions"], num_columns=3),
        ],
        "Tables": [panels.WeavePanelSummaryTable(table_name="rows"), panels.RunComparer(diff_only="split")],
    }
    shown = ("dataset", "method", "fusion", "alpha", "recognizer", "variant")
    return views.Workspace(
        entity=entity,
        project=project,
        name=NAME,
        sections=[views.Section(name=name, panels=found, is_open=True) for name, found in sections.items()],
        settings=views.WorkspaceSettings(max_runs=100),  # else panels show ten
        runset_settings=views.RunsetSettings(
            pinned_columns=[
                "run:displayName",
                *(f"config:{name}.value" for name in shown),
                *(f"summary:{name}" for name in (*HEADLINE, "rr_lo", "rr_hi", "failures")),
            ],
        ),
    )


def layout(view: Any) -> dict[str, Any]:
    """What is sent to the server, as JSON values."""
    return json.loads(view._to_model().model_dump_json(by_alias=True, exclude_none=True))


def _entity() -> str:
    import wandb

    try:
        entity = wandb.Api().default_entity
    except Exception as error:  # not logged in, no network: whatever it is, the answer is the same
        raise RequestError(_cannot(error)) from error
    if not entity:
        raise RequestError("Weights & Biases names no default entity for you: give ENTITY/PROJECT.")
    return entity


def _save(view: Any) -> str:
    try:
        return str(view.save().url)
    except Exception as error:  # wandb raises whatever its transport does
        raise RequestError(_cannot(error)) from error


def _cannot(error: Exception) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"The dashboard was not made; it needs `wandb login` and the network. ({reason})"


if __name__ == "__main__":
    sys.exit(guarded(lambda: main(sys.argv[1:])))
