"""Where a detector lives that cannot share palmbench's environment: which interpreter has it, and what it is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from recognizers.common.errors import MissingWeights, RequestError
from recognizers.common.path_settings import path_text

SCRIPT = Path(__file__).with_name("worker.py")
# A checkout's folder, where `make mediapipe` puts its environment.
PROJECT = Path(__file__).resolve().parents[3]
_DESCRIBE_LIMIT = 300.0  # seconds: gigabytes of weights are read


class Package(NamedTuple):
    """A detector's package: how it is imported, called, where its environment is by default, how to get it."""

    module: str
    title: str
    environment: str
    install: str
    weights: str


PACKAGES = {
    "mediapipe": Package(
        "mediapipe",
        "MediaPipe",
        ".venv-mediapipe",
        "`make mediapipe` makes it (or, with Python 3.9 to 3.12: python3 -m venv .venv-mediapipe && "
        ".venv-mediapipe/bin/pip install mediapipe==0.10.21)",
        "install the release that carries its models: pip install mediapipe==0.10.21",
    ),
    "wilor": Package(
        "wilor_mini",
        "WiLoR",
        ".venv-wilor",
        "python3.10 -m venv .venv-wilor && .venv-wilor/bin/pip install git+https://github.com/warmshao/WiLoR-mini "
        "(its weights are for non-commercial use; docs/detectors.md)",
        'hf download warmshao/WiLoR-mini --include "pretrained_models/*" --local-dir FOLDER, and name the folder with '
        "detector.weights=FOLDER",
    ),
}


def interpreter_of(name: str, chosen: str | None) -> Path:
    """The interpreter that has a detector's package.

    Parameters
    ----------
    name : str
        Key of `PACKAGES`.
    chosen : str or None
        An interpreter, or the folder of a virtual environment. None: this interpreter if it has the package, else
        the default environment in the current folder or beside the project.

    Raises
    ------
    RequestError
        If there is none.
    """
    package = PACKAGES[name]
    if chosen is not None:
        path = Path(path_text(chosen))
        path = path / "bin" / "python" if path.is_dir() else path
        if not os.access(path, os.X_OK):
            raise RequestError(f"detector.python={chosen}: there is no interpreter at {path}.")
        # Not resolved: a virtual environment's interpreter is a link, and is known by where the link lies.
        return path.absolute()
    if find_spec(package.module) is not None:
        return Path(sys.executable)
    for folder in (Path.cwd(), PROJECT):
        path = folder / package.environment / "bin" / "python"
        if os.access(path, os.X_OK):
            return path
    raise RequestError(
        f"detector={name} needs the package {package.module}, which palmbench's environment has not, nor is there an "
        f"environment {package.environment}: {package.install}. Or name an interpreter with detector.python=."
    )


def described(name: str, python: Path, weights: str | None) -> dict[str, Any]:
    """Versions and digests of what can change the detector's findings, as its own environment tells them.

    Raises
    ------
    RequestError
        If the environment has not the package; MissingWeights if the package has not its weights.
    """
    return _described(name, python, None if weights is None else str(Path(path_text(weights)).absolute()))


def clean_environment() -> dict[str, str]:
    """This process's environment variables without those that would let its packages leak into another interpreter."""
    leaks = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in os.environ.items() if name not in leaks}


@lru_cache(maxsize=8)
def _described(name: str, python: Path, weights: str | None) -> dict[str, Any]:
    package = PACKAGES[name]
    command = [str(python), "-I", str(SCRIPT), name, "--describe", *([weights] if weights else [])]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_DESCRIBE_LIMIT,
            env=clean_environment(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RequestError(f"The interpreter {python} for {package.title} does not answer ({error}).") from error
    try:
        answer = json.loads(done.stdout)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and isinstance(found := answer.get("described"), dict) and "version" in found:
        return found
    if not isinstance(answer, dict) or "missing" not in answer or "detail" not in answer:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:300]
        raise RequestError(f"The interpreter {python} cannot run {package.title}: {last}")
    if answer["missing"] == "package":
        raise RequestError(f"{package.title} is not installed where detector={name} looks: {answer['detail']}. "
                           f"Install it: {package.install}.")  # fmt: skip
    raise MissingWeights(f"{package.title} lacks its weights: {answer['detail']}. Get them: {package.weights}.")
