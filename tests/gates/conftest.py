"""What every gate does with its figures."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.gates.figures import HEADINGS, Figure, Keep, line


@pytest.fixture
def keep(capsys: pytest.CaptureFixture[str]) -> Keep:
    """Print figures as they come, each beside its bound; fail with those that miss theirs."""

    def kept(figures: Iterable[Figure]) -> None:
        missed = []
        with capsys.disabled():
            print(f"\n{line(HEADINGS)}", flush=True)
            for figure in figures:
                print(line(figure.texts), flush=True)
                if figure.holds is False:
                    missed.append(line(figure.texts))
        assert not missed, "\n".join(missed)

    return kept
