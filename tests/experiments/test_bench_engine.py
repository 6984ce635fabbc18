"""The engine keeps devices and processors busy, within the bounds of its benchmark."""

from __future__ import annotations

import pytest

from experiments import bench_engine


@pytest.mark.nightly
def test_a_run_takes_little_more_than_the_least_that_it_could(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_engine.main([]) == 0, capsys.readouterr().out


def test_a_bound_that_is_broken_is_told_by_the_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = iter([bench_engine.Took(56.0, 50.0, 1.0), bench_engine.Took(25.5, 25.0, 1.0)] * 2)
    monkeypatch.setattr(bench_engine, "took", lambda *_: next(runs))
    assert bench_engine.main([]) == 1
    assert "a bound is broken" in capsys.readouterr().out
