"""Matrix products give the distances of the bit engine, to the bit; torch's CPU stands in for the GPU."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from recognizers.matching import ShiftSearch, gpu
from recognizers.matching import shifts as matching
from recognizers.matching.shifts import prepare

SEARCHES = {
    "original": ShiftSearch(reach=2, planes=6),
    "yan": ShiftSearch(reach=4, planes=1),
    "area": ShiftSearch(reach=2, planes=12, measure="area"),
}


@pytest.fixture(scope="module")
def templates() -> np.ndarray:
    """Random templates, then noisy copies of them."""
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**32, (12, 12, 32), dtype=np.uint32)
    noise = rng.integers(0, 2**32, (3, 12, 12, 32), dtype=np.uint32)
    return np.concatenate([words, words ^ (noise[0] & noise[1] & noise[2])])


@pytest.fixture
def tiny_tiles(monkeypatch):
    monkeypatch.setattr(gpu, "PROBES", 4)
    monkeypatch.setattr(gpu, "GALLERY", 9)


@pytest.fixture
def pretended_gpu(monkeypatch, tiny_tiles):
    """A machine whose CUDA device is torch's CPU, where any job is large; counts the blocks it was given."""
    blocks = []
    compute = gpu.distances

    def on_cpu(job, device):
        blocks.append((len(job.probes), len(job.gallery)))
        assert device == "cuda"
        return compute(job, "cpu")

    monkeypatch.setattr(matching, "LARGE", 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpu, "distances", on_cpu)
    return blocks


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_products_equal_counted_bits(templates, tiny_tiles, search):
    a, b = templates[:10], templates[5:]
    np.testing.assert_array_equal(gpu.distances(prepare(a, b, search), "cpu"), matching.distances(a, b, search))


def test_half_precision_holds_every_sum_of_a_plane(templates, monkeypatch):
    search = SEARCHES["original"]
    exact = matching.distances(templates[:3], templates[10:16], search)
    monkeypatch.setitem(gpu.TYPES, "cpu", torch.float16)
    np.testing.assert_array_equal(gpu.distances(prepare(templates[:3], templates[10:16], search), "cpu"), exact)


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_a_large_job_goes_to_the_gpu_and_changes_nothing(templates, search, request, monkeypatch):
    square, condensed = matching.distances(templates, templates, search), matching.pairwise(templates, search)
    blocks = request.getfixturevalue("pretended_gpu")
    np.testing.assert_array_equal(matching.distances(templates, templates, search), square)
    assert blocks == [(24, 24)]
    monkeypatch.setattr(matching, "ROWS_PER_GPU_BLOCK", 7)
    np.testing.assert_array_equal(matching.pairwise(templates, search), condensed)
    assert blocks[1:] == [(7, 24), (7, 17), (7, 10), (3, 3)]


def test_no_template_is_no_distance(templates, tiny_tiles):
    job = prepare(templates[:0], templates, SEARCHES["original"])
    assert gpu.distances(job, "cpu").shape == (0, 24)


def test_a_small_job_does_not_import_torch():
    script = (
        "import sys, numpy as np\n"
        "from recognizers.mtcc import MTCC\n"
        "t = np.zeros((3, 12, 32), np.uint32)\n"
        "MTCC().distances(t, t), MTCC().pairwise(t)\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
