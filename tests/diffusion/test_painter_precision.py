"""What precision does to a painting, and how the machine's choice becomes part of what a result is."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments.painters import NARROW, random_parts, scene
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RunConfig
from palmbench.datasets.settings import SynthConfig
from palmbench.diffusion import precision
from palmbench.diffusion.components import load_components
from palmbench.diffusion.paint import PaintByExample
from palmbench.diffusion.sampler import Sampling
from palmbench.diffusion.weights import EMBEDDED, resolve, weight_files
from palmbench.engine.pipeline import Pipeline
from palmbench.methods.diffusion import DiffusionConfig

SAMPLING = Sampling(steps=6, sampler="dpmsolver++")


@pytest.mark.parametrize("lower", ["bfloat16", "float16"])
def test_lower_precision_changes_a_painting_by_little(lower):
    parts = load_components(weight_files(resolve(EMBEDDED)))
    asked = scene(128, SAMPLING)
    exact = PaintByExample(copy.deepcopy(parts)).repaint(asked)
    rounded = PaintByExample(parts, precision=lower).repaint(asked)
    apart = 255 * np.abs(exact - rounded)
    assert 0 < apart.mean() < 1.5 and np.quantile(apart, 0.99) < 8
    assert rounded.dtype == np.float32


def test_encodings_are_the_same_in_every_precision():
    parts = random_parts(NARROW)
    painters = [PaintByExample(copy.deepcopy(parts), precision=each) for each in precision.PRECISIONS]
    picture = torch.linspace(-1, 1, 3 * 64 * 64).reshape(3, 64, 64)
    exemplar = scene(64, SAMPLING).exemplars
    moments = [painter.moments([picture]) for painter in painters]
    embeddings = [painter.embed(exemplar) for painter in painters]
    for one, other in ((moments[0], moments[1:]), (embeddings[0], embeddings[1:])):
        assert all(torch.equal(one, each) for each in other)


@pytest.mark.parametrize("lower", ["bfloat16", "float16"])
def test_what_shares_a_batch_changes_nothing_in_any_precision(lower):
    painter = PaintByExample(random_parts(NARROW), precision=lower)
    draw = torch.Generator().manual_seed(0)
    inputs = [torch.randn(3, channels, 8, 8, generator=draw) for channels in (4, 4)]
    keep, tokens = torch.ones(3, 1, 8, 8), torch.randn(3, 32, generator=draw)
    each = [
        painter.decoded(*(part[i : i + 1] for part in (*inputs, keep, tokens)), SAMPLING) for i in range(3)
    ]  # as the painter calls on a CPU
    again = [painter.decoded(*(part[i : i + 1] for part in (*inputs, keep, tokens)), SAMPLING) for i in (2, 0)]
    assert torch.equal(again[0], each[2]) and torch.equal(again[1], each[0])


@pytest.mark.parametrize(
    ("told", "chosen"),
    [
        ("processor: 0\nflags\t\t: fpu avx512f avx512_bf16 lm\n", "bfloat16"),
        ("flags : fpu amx_tile amx_bf16\n", "bfloat16"),
        ("Features : fp asimd bf16 i8mm\n", "bfloat16"),
        ("flags : fpu avx2 avx512f\n", "float32"),
        ("", "float32"),
    ],
)
def test_a_cpu_gets_bfloat16_where_it_has_instructions_for_it(tmp_path, monkeypatch, told, chosen):
    (tmp_path / "cpuinfo").write_text(told)
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "cpuinfo")
    assert precision.automatic("cpu") == chosen
    assert precision.automatic("cuda") == precision.automatic("cuda:1") == "float16"
    assert precision.automatic("cpu:0") == precision.automatic("cpu")


def test_where_the_system_tells_nothing_of_its_cpu_it_is_float32(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "absent")
    assert precision.automatic("cpu") == "float32"


def test_what_the_machine_chose_stands_in_keys_and_records_and_never_auto(monkeypatch):
    def wired(chosen: str, method: DiffusionConfig) -> Pipeline:
        monkeypatch.setattr("palmbench.methods.diffusion.automatic", lambda device: chosen)
        run = RunConfig(
            dataset=SynthConfig(identities=1, samples=1), method=method, executor=ExecutorConfig(devices=("cpu",))
        )
        return Pipeline.of(run)

    automatic = DiffusionConfig(precision="auto")
    here, elsewhere = wired("bfloat16", automatic), wired("float32", automatic)
    assert here.config.method == replace(automatic, precision="bfloat16")
    assert here.deidentify.settings["precision"] == "bfloat16"
    assert "bfloat16" in here.config.method.describe()
    sample = here.samples[0]
    assert here.deidentify.key(sample) != elsewhere.deidentify.key(sample)
    assert elsewhere.deidentify.key(sample) == wired("bfloat16", DiffusionConfig()).deidentify.key(sample)
    assert here.deidentify.encode.key(sample) == elsewhere.deidentify.encode.key(sample)


def test_steps_outside_guidance_and_compilation_are_part_of_the_key():
    base = DiffusionConfig().load().settings()
    for change in ({"guidance_start": 0.2}, {"guidance_end": 0.8}, {"compile": True}, {"precision": "float16"}):
        method = replace(DiffusionConfig(), **change).load()
        assert method.settings() != base
        assert method.encode_settings() == DiffusionConfig().load().encode_settings()
