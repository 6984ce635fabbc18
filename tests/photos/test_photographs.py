"""Real photographs, where they are at hand: what must be repainted is, wholly, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments import photographs
from palmbench.hands.external.environment import interpreter_of
from recognizers.common.errors import RequestError

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"
# The embedded network takes a back for an open palm, and is not sure of palms in odd light.
TAKEN_FOR_A_PALM = {"backs.jpg"}
REFUSED = {"palm-dark-shadow.jpg", "palm-orange-light.jpg", "palm-ring-closeup.jpg", "two-palms-webcam.jpg"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (PHOTOS / photographs.PALMS).is_file(), reason="the photographs are not here"),
]


MASK = ("--method", "mask", "method.fill=128")


def wrong(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """The photographs that come out otherwise, and what the run says of each."""
    status = photographs.main([str(PHOTOS), "executor.device=cpu", *words])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("right ", "WRONG "))]
    assert len(rows) == 17
    assert status == int(any(row.startswith("WRONG") for row in rows))
    return {row.split()[1]: row for row in rows if row.startswith("WRONG")}


@pytest.mark.parametrize("words", [MASK, ("--natural",)], ids=["masked", "repainted, in its colours and as fine"])
def test_with_mediapipe_every_photograph_comes_out_as_it_must(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    try:
        interpreter_of("mediapipe", None)
    except RequestError as error:
        pytest.skip(str(error))
    assert wrong(capsys, "--detector", "mediapipe", *words) == {}


def test_what_the_embedded_detector_cannot_place_is_not_said_to_be_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    rows = wrong(capsys, *MASK)
    assert rows.keys() <= TAKEN_FOR_A_PALM | REFUSED
    assert all("palms repainted" not in row for photo, row in rows.items() if photo in REFUSED)
