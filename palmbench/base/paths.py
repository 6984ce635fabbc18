"""Where palmbench's own files lie: in a checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

from recognizers.common.errors import RequestError

_PACKAGE = Path(__file__).resolve().parents[1]


def conf_dir() -> Path:
    """Folder of the Hydra configuration, absolute."""
    return _own_folder("conf", _PACKAGE.parent / "conf")


def cards_dir() -> Path:
    """Folder of the data set cards, absolute."""
    return _own_folder("cards", _PACKAGE.parent / "data")


def paper_dir() -> Path:
    """Folder of the paper's tables as tidy CSV, absolute."""
    return _own_folder("paper/printed", _PACKAGE.parent / "results" / "paper")


def weights_dir() -> Path:
    """Folder of the embedded weights, absolute; it may be absent."""
    return _PACKAGE / "weights"


def _own_folder(packaged: str, in_checkout: Path) -> Path:
    """The checkout's folder, or the installed package's."""
    installed = _PACKAGE / packaged
    if installed.is_dir():
        return installed
    # An installed package's parent is site-packages, where a stranger's folder may have the same name.
    if (_PACKAGE.parent / "conf" / "config.yaml").is_file() and in_checkout.is_dir():
        return in_checkout
    raise RequestError(f"palmbench's own folder {packaged} is missing: install palmbench again.")
