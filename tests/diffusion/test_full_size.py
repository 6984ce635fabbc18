"""Paint by Example at its published size, with random weights: converted from the authors' layout, loaded and run.

Wants 6 GB of disk, 10 GB of memory and a few minutes; leaves nothing behind.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from original import original_state

from palmbench.diffusion.convert import parts

ROOT = Path(__file__).resolve().parents[2]
ROOM = 6e9
PAINT = """
import json, resource, sys, time
import numpy as np
from palmbench import hands, methods, synth
from palmbench.compose import compose_points

(point,) = compose_points(["method=diffusion_paper", f"method.weights={sys.argv[1]}", "method.steps=2"])
photo = synth.render(0, 0).image
found = hands.load_detector(point.detector).detect([photo])[0][0]
hand = hands.load_segmenter(point.segmenter).segment(photo, found)
began = time.monotonic()
method = methods.load(point.method)
unet = method._model._unet
loaded = time.monotonic()
(painted,) = method.deidentify([photo], [hand], [123], [None])
done = time.monotonic()
print(json.dumps({
    "size": point.method.size,
    "sampler": point.method.sampler,
    "load": loaded - began,
    "paint": done - loaded,
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "parameters": sum(each.numel() for each in unet.parameters()),
    "changed": float(np.mean(np.any(painted != photo, axis=2)[hand.mask])),
    "outside": bool(np.array_equal(painted[~hand.mask], photo[~hand.mask])),
    "spread": float(painted[hand.mask].std()),
}))
"""


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    if shutil.disk_usage(tmp_path).free < ROOM:
        pytest.skip("needs 6 GB of disk")
    yield tmp_path
    shutil.rmtree(tmp_path)


def random_weights(name: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Weights under which numbers keep their size: norms change nothing, the rest is small by the width of a layer."""
    if name.endswith("bias"):
        return torch.zeros(shape, dtype=torch.float16)
    if len(shape) == 1 and "class_embedding" not in name:
        return torch.ones(shape, dtype=torch.float16)
    scale = 0.5 / math.sqrt(math.prod(shape[1:]) or 1)
    return (torch.randn(shape, generator=generator) * scale).half()


def most_memory(child: subprocess.Popen[str]) -> int:
    """Most memory of its own that a process has had until it ends, without pages of files, in bytes."""
    most = 0
    while child.poll() is None:
        try:
            status = Path(f"/proc/{child.pid}/status").read_text()
        except OSError:
            break
        own = [line for line in status.splitlines() if line.startswith("RssAnon:")]
        most = max(most, int(own[0].split()[1]) * 1024 if own else 0)
        time.sleep(0.02)
    return most


@pytest.mark.slow
def test_the_published_size_is_converted_loaded_and_run(scratch: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    values = {
        part.file: {name: random_weights(name, shape, generator) for name, shape in part.shapes.items()}
        for part in parts()
    }
    torch.save({"state_dict": original_state(parts(), values)}, scratch / "model.ckpt")
    del values

    words = ["weights", "convert", str(scratch / "model.ckpt"), str(scratch / "pbe"), "--dtype", "float16"]
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "palmbench", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    own = most_memory(child)
    said, complaint = child.communicate()
    assert child.returncode == 0, complaint
    size = sum(path.stat().st_size for path in (scratch / "pbe").rglob("*.safetensors"))
    assert size == pytest.approx(2 * 1_310_140_139, rel=1e-3) and "2.62 GB" in said
    print(f"\nconverted {size / 1e9:.2f} GB in {time.monotonic() - began:.0f} s, with {own / 1e9:.2f} GB of memory")
    assert own < 1e9  # of 2.62 GB: what torch takes, and a tensor
    (scratch / "model.ckpt").unlink()

    done = subprocess.run(
        [sys.executable, "-c", PAINT, str(scratch / "pbe")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    print(f"loaded in {told['load']:.0f} s, 2 steps at 512 x 512 in {told['paint']:.0f} s, {told['peak'] / 1e9:.1f} GB")
    assert (told["size"], told["sampler"]) == (512, "plms")
    # Keys, queries and norms of the sixteen one-token cross-attentions are folded away.
    assert 0.95 * 859_535_364 < told["parameters"] < 859_535_364
    assert told["outside"] and told["changed"] > 0.5 and told["spread"] > 1
