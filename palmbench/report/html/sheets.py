"""Contact sheets of data sets whose cards allow it: whole photos and the changed part, large enough to look at."""

from __future__ import annotations

from collections.abc import Sequence

from palmbench.base.images import encode_png
from palmbench.config.schema import RunConfig
from palmbench.engine.pipeline import Pipeline
from palmbench.report.contact_sheet import compose_sheet, sheet_rows
from palmbench.report.figures.permission import may_show
from palmbench.report.html.tags import Html, framed, image, tag, text
from palmbench.report.labels import dataset_label
from palmbench.report.tables import Setting

HANDS = 2


def sheets_section(points: Sequence[tuple[Setting, RunConfig]]) -> Html:
    """One sheet a data set: a few hands, as they are and through every setting that the store has them in.

    Parameters
    ----------
    points : sequence of (Setting, RunConfig)
        Settings of all data sets, in the order of the columns.
    """
    parts = []
    for dataset in dict.fromkeys(point.dataset.name for _, point in points):
        label = dataset_label(dataset)
        settings = [(setting, point) for setting, point in points if point.dataset.name == dataset]
        refused = may_show([dataset], HANDS * (len(settings) + 1)).notes
        if refused:
            parts.append(tag("p", text(refused[0]), class_="absent"))
            continue
        rows = sheet_rows(((setting, Pipeline.of(point)) for setting, point in settings), HANDS)
        if rows:
            title = f"Contact sheet of {label}"
            shown = framed(image(encode_png(compose_sheet(rows)), f"{title}: {', '.join(rows[0].labels)}"), title)
            parts.append(tag("figure", shown, tag("figcaption", text(f"{label}: whole photos, and what was changed."))))
        else:
            parts.append(tag("p", text(f"No photos of {label} are in the store."), class_="absent"))
    return "".join(parts)
