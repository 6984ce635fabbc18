"""What a run asks of a file system is counted right."""

from __future__ import annotations

import pytest

from experiments.store_scale import CAMPAIGNS, Cost, calls_in, campaigns, costs

SUMMARY = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 71.41    0.073149           1     38649      2504 newfstatat
  7.65    0.007832          11       658           fsync
100.00    0.102429           2     39307      2504 total
"""


def test_a_summary_of_strace_is_read_without_its_total() -> None:
    assert calls_in(SUMMARY) == {"newfstatat": 38649, "fsync": 658}


def test_what_a_campaign_comes_to() -> None:
    once, each = Cost({"hands": 1}, {"hands": 1000}, 0, 0), Cost({"quality": 1}, {"quality": 500}, 0, 0)
    study = CAMPAIGNS[0]
    row = campaigns(once, each, seconds=1.0)[1].split()
    assert row[-3] == f"{study.photos * (1 + study.points):,}"
    assert row[-1] == f"{study.photos * study.points / 3600:.1f}"


@pytest.mark.nightly
def test_less_than_ten_files_a_photo_and_point() -> None:
    once, each = costs(4, ["method=diffusion", "method.steps=1"])
    assert sum(each.files.values()) == 6 and sum(once.files.values()) == 5
