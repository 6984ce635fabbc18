"""HTML from plain values; here alone every text is escaped, and no absolute path gets through."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Sequence
from html import escape

from palmbench.base.folders import without_folders

# The only thing that goes into a page without being escaped: what these functions made.
Html = str
_WIDE = 640  # pixels; below it a picture is legible at the width of a telephone


def tag(name: str, *content: Html, **attributes: str) -> Html:
    """An element; `class_` and `for_` stand for Python's reserved words, an underscore for a hyphen."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(without_folders(value), quote=True)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{''.join(content)}</{name}>"


def text(value: object) -> Html:
    """Plain text, without the folders of absolute paths."""
    return escape(without_folders(str(value)), quote=False)


def notes(sentences: Sequence[str]) -> Html:
    """A list of sentences; nothing where there are none."""
    return tag("ul", *(tag("li", text(each)) for each in sentences), class_="notes") if sentences else ""


def image(png: bytes, description: str) -> Html:
    """A picture inside the page, a pixel for a pixel where there is room."""
    data = base64.b64encode(png).decode("ascii")
    # The header of a PNG: eight bytes of signature, eight of its first chunk, then width and height.
    width, height = struct.unpack(">II", png[16:24])
    size = f'width="{width}" height="{height}"'
    kind = ' class="wide"' if width >= _WIDE else ""
    told = escape(without_folders(description), quote=True)
    return f'<img src="data:image/png;base64,{data}" {size}{kind} alt="{told}">'


def framed(picture: Html, label: str) -> Html:
    """A picture in a box that, on a narrow screen, scrolls sideways and says so."""
    return tag("div", picture, class_="picture", role="region", aria_label=label, tabindex="0")


def grid(head: Sequence[str], rows: Iterable[Sequence[Html]], label: str, numbers: int = 0) -> Html:
    """A table that scrolls by itself where it is too wide.

    Parameters
    ----------
    head : sequence of str
        Headings of the columns.
    rows : iterable of sequence of Html
        Cells; the first of each row is its heading.
    label : str
        What the table is, for those who do not see it.
    numbers : int
        How many columns, from the right, hold numbers.
    """
    columns = len(head)
    kinds = ["num" if column >= columns - numbers else "" for column in range(columns)]
    top = tag("tr", *(tag("th", text(each), scope="col", class_=kind) for each, kind in zip(head, kinds, strict=True)))
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(tag("td", cell, class_=kind) for cell, kind in zip(row[1:], kinds[1:], strict=True)),
        )
        for row in rows
    ]
    return scrolling(tag("table", tag("thead", top), tag("tbody", *body)), label)


def scrolling(content: Html, label: str) -> Html:
    """A box that scrolls sideways by itself, by keyboard too."""
    return tag("div", content, class_="scroll", role="region", aria_label=label, tabindex="0")


def folded(summary: str, content: Html) -> Html:
    """What is opened by those who want it; print shows it all."""
    return tag("details", tag("summary", text(summary)), content)
