"""The painter's benchmark leaves out what it says, and the painting stays the same."""

from __future__ import annotations

import pytest
import torch

from experiments import bench_painter
from experiments.bench_painter import break_even, main, report
from experiments.painters import NARROW, random_parts


def test_every_way_is_timed_beside_diffusers(monkeypatch, capsys):
    monkeypatch.setattr(bench_painter, "load_components", lambda files: random_parts(NARROW))
    assert main(["--images", "1", "--rounds", "1", "--steps", "2", "--size", "64"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "1 images of 64 x 64, 2 steps, cpu, 1 threads"
    names = [line[:44].strip() for line in lines]
    assert names[:3] == ["diffusers, all at once", "diffusers, one by one", "ours, float32"]
    assert sum(name.startswith("without") for name in names) == 4 and any(name.startswith("turbo") for name in names)


def test_ratios_are_to_the_first():
    (first, second) = report({"a": 4.0, "b": 1.0}, images=2)
    assert "2.000 s an image" in first and second.endswith("4.00 x")


def test_compilation_pays_when_it_has_saved_what_it_took():
    assert "from call 30 on" in break_even("x", 60.0, 2.0)
    assert "never" in break_even("x", 60.0, -0.1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_full_size_is_not_tried(capsys):
    assert main(["--full-size"]) == 0
    assert "no CUDA device" in capsys.readouterr().out
