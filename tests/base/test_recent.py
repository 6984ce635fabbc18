"""Decoded pictures are kept while their files stay as they were, up to a size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from palmbench.base.images import encode_png
from palmbench.base.recent import Recent
from palmbench.base.store import Store
from recognizers.common.errors import Damaged, Lost

SIDE = 8
BYTES = 3 * SIDE * SIDE


class Decoder:
    """Counts how often each file was decoded."""

    def __init__(self) -> None:
        self.count: dict[str, int] = {}

    def of(self, path: Path) -> Callable[[], np.ndarray]:
        def decode() -> np.ndarray:
            self.count[path.name] = self.count.get(path.name, 0) + 1
            return np.full((SIDE, SIDE, 3), len(path.read_bytes()), np.uint8)

        return decode


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


def test_a_file_is_decoded_once_while_it_stays_as_it_was(files: list[Path]) -> None:
    recent, decoder, path = Recent(4 * BYTES), Decoder(), files[0]
    first = recent.get(path, decoder.of(path))
    first[...] = 0  # the caller's own
    assert recent.get(path, decoder.of(path)).max() == 1
    assert decoder.count == {"a": 1}
    path.write_bytes(b"longer")
    assert recent.get(path, decoder.of(path)).max() == 6


def test_those_used_last_are_kept_up_to_a_size(files: list[Path]) -> None:
    recent, decoder = Recent(2 * BYTES), Decoder()
    for place in (0, 1, 0, 2, 0, 1):
        recent.get(files[place], decoder.of(files[place]))
    assert decoder.count == {"a": 1, "b": 2, "c": 1}


def test_what_is_larger_than_all_room_is_not_kept(files: list[Path]) -> None:
    recent, decoder = Recent(BYTES - 1), Decoder()
    for _ in range(2):
        recent.get(files[0], decoder.of(files[0]))
    assert decoder.count == {"a": 2}


def test_a_picture_of_the_store_that_is_damaged_or_gone_is_not_given_from_memory(tmp_path: Path) -> None:
    store, picture = Store(tmp_path), np.arange(BYTES, dtype=np.uint8).reshape(SIDE, SIDE, 3)
    store.write("deidentified", "ab", ".png", encode_png(picture))
    assert (store.picture("deidentified", "ab", ".png") == picture).all()
    path = store.path("deidentified", "ab", ".png")
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged):
        store.picture("deidentified", "ab", ".png")
    with pytest.raises(Lost):
        store.picture("deidentified", "ab", ".png")
