"""A folder of results without a photo: attacks on drawn templates, and runs whose numbers are made up."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from palmbench.attacks import AttackConfig
from palmbench.attacks.floor import FloorConfig
from palmbench.attacks.unchanged import UnchangedConfig
from palmbench.config.attacks import TrialConfig
from palmbench.config.schema import RunConfig, plain_values
from palmbench.engine.attack_record import write_settings
from palmbench.engine.pipeline import Pipeline
from palmbench.engine.records import METRICS, RECORD, write_record
from palmbench.engine.run import CONFIG, ERRORS, Run
from palmbench.methods import MethodConfig
from palmbench.methods.blur import BlurConfig
from palmbench.methods.identity import IdentityConfig
from palmbench.methods.mask import MaskConfig
from palmbench.scoring.number import Number
from recognizers.common.cache_keys import digest
from recognizers.common.seal import sealed_record, unsealed_record
from recognizers.common.writing import json_bytes, write_bytes
from tests.attacks.drawn_templates import attacked, leaking, pipeline, point

FLOOR = FloorConfig(recognizer="ccnet")
SSIM = {"identity": Number.of(1.0, (1.0, 1.0), 8), "mask": Number.of(0.6, (0.58, 0.62), 8)}
SSIM["blur"] = Number.of(0.9, (0.88, 0.92), 8)
SHARES = {"identity": 0.8, "mask": 0.0, "blur": 0.2}
PRIVATE = "/home/someone/album/palm.jpg"
_made = tempfile.TemporaryDirectory()


def results(folder: Path, shares: Mapping[str, float] = SHARES) -> Path:
    """Untouched photos, a mask and a blur, each attacked in two ways, with runs that have an SSIM and a failure."""
    methods: dict[str, MethodConfig] = {"identity": IdentityConfig(), "mask": MaskConfig(), "blur": BlurConfig()}
    for name, share in shares.items():
        run_of(
            point(str(folder), method=methods[name]),
            {"ssim": SSIM[name], "rr": Number.of(50.0), "acc_nn": Number.of(50.0)},
        )
        for attack, leak in ((UnchangedConfig(), share), (FLOOR, 0.1)):
            attack_on(folder, methods[name], attack, leak)
    return folder


def attack_on(folder: Path, method: MethodConfig, attack: AttackConfig, leak: float) -> None:
    """An attack on outputs with a share of what is in the palm: its record, without the templates."""
    made = _attack_on(method, attack, leak)
    shutil.copytree(made / "attacks", folder / "attacks", dirs_exist_ok=True)
    for path in (made / "attacks").glob(f"*/{CONFIG}"):
        settings = folder / path.relative_to(made)
        settings.write_text(path.read_text().replace(str(made), str(folder)))


@cache
def _attack_on(method: MethodConfig, attack: AttackConfig, leak: float) -> Path:
    folder = Path(tempfile.mkdtemp(dir=_made.name))
    write_settings(pipeline(point(str(folder), method=method), TrialConfig(attack)))
    attacked(folder, leaking(0.8, leak), attack, method=method)
    return folder


def run_of(config: RunConfig, numbers: Mapping[str, Number]) -> None:
    """A run's folder with such metrics."""
    wired = Pipeline.of(config)
    run = Run.of(wired)
    failure = {"stage": "prepare", "sample": "1", "reason": f"{PRIVATE} shows no hand", "lasting": True}
    content = {
        "key": run.key, "point": wired.point, "photos": wired.photos, "failures": [failure], "checkout": None,
        "written": "2026-01-31T12:00:00Z", "python": "3.12.0", "packages": {"palmbench": "0.1"},
    }  # fmt: skip
    metrics = {"point": wired.point, "metrics": {name: number.to_json() for name, number in numbers.items()}}
    files = {METRICS: json_bytes(metrics), ERRORS: f'{{"reason": "{PRIVATE} shows no hand"}}\n'.encode(),
             "sheet.png": b"a picture"}  # fmt: skip
    run.write_config(config)
    write_record(run.folder / RECORD, content, files)


def rewrite_record(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Give a record another content, sealed as if it had been written so."""
    content = unsealed_record(path.read_bytes())
    change(content)
    path.write_bytes(json_bytes(sealed_record(content)))


def disclose(folder: Path, method: MethodConfig) -> None:
    """What was found beside identity: settings under `disclosed`, and a record like an attack's."""
    wired = Pipeline.of(point(str(folder), method=method))
    key = digest("disclosure of a test", run=wired.key)
    told = {**wired.point, "disclosure": "handedness"}
    asked = {"disclosure": {"name": "handedness"}, "people": {}, "attacker_seed": 1}
    settings = {"run": plain_values(wired.config), "disclosed": asked}
    content = {
        "key": key, "point": told, "disclosure": {"name": "handedness"}, "photos": wired.photos, "failures": [],
        "people_digest": "of somebody", "checkout": None, "written": "2026-01-31T12:00:00Z", "python": "3.12.0",
    }  # fmt: skip
    metrics = {
        "point": told, "metrics": {"kept": Number.of(61.0).to_json()}, "by_chance": {"kept": Number.of(50.0).to_json()},
    }  # fmt: skip
    write_bytes(folder / "attacks" / key / CONFIG, json_bytes(settings))
    write_record(folder / "attacks" / key / RECORD, content, {METRICS: json_bytes(metrics)})
