"""The scoring benchmark times the real bootstrap, against replicates evaluated one by one that agree with it."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.bench_scoring import data_set, main, one_by_one
from palmbench.base.status import CANNOT
from palmbench.commands.cli import guarded
from palmbench.scoring.bootstrap import bootstrap


def test_the_timed_reference_finds_the_bootstraps_rates():
    identities, distances = data_set(palms=8, photos=30)
    found = bootstrap(distances, identities, np.random.default_rng(3), replicates=5)
    assert len(np.unique(found.eer)) > 1
    np.testing.assert_allclose(one_by_one(distances, identities, found, 5), found.eer, atol=1e-12)


def test_both_times_and_their_agreement_are_printed(capsys):
    assert main(["--palms", "6", "--photos", "24", "--replicates", "4", "--threads", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "276 pairs of 6 palms, 4 replicates, 1 threads"
    assert "of 20 promised" in lines[1]
    assert "times as long" in lines[2]
    assert float(lines[3].split()[-1]) < 1e-9


@pytest.mark.parametrize("bad", [["--palms", "1"], ["--palms", "4", "--photos", "7"], ["--threads", "0"]])
def test_too_little_to_measure_is_refused(bad, capsys):
    assert guarded(lambda: main(bad)) == CANNOT
    assert "2 photos of each" in capsys.readouterr().err
