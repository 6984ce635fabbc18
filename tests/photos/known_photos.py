"""Hands whose place is known, and the command as tests give it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from palmbench.commands import cli
from palmbench.hands import Hand
from palmbench.photos.ledger import NAME
from palmbench.photos.reading import decode
from palmbench.synth import Render

SIZE = (320, 240)


def truth(photo: Render, shift: int = 0, width: int | None = None) -> Hand:
    """The hand of a rendered photo as a detector would report it, on a canvas that begins `shift` pixels before it."""
    height, own = photo.mask.shape
    mask = np.zeros((height, width or own), bool)
    mask[:, shift : shift + own] = photo.mask
    move = np.array([shift, 0], np.float32)
    return Hand(
        score=1.0,
        box=photo.box + np.tile(move, 2),
        side=photo.hand,
        keypoints_2d=photo.keypoints_2d + move,
        keypoints_3d=photo.keypoints_3d,
        valleys=photo.valleys + move,
        mask=mask,
    )


@dataclass(frozen=True)
class Knowing:
    """A detector that knows where the hands are."""

    hands: tuple[Hand, ...]
    name: str = "knowing"

    def settings(self) -> dict:
        return {"name": self.name}

    def detect(self, images: list[np.ndarray]) -> list[list[Hand]]:
        return [list(self.hands) for _ in images]


def deid(*words: object, method: str = "mask") -> int:
    """The command in this process, on its CPU."""
    return cli.main(["deid", *map(str, words), f"method={method}", "executor.workers=1", "executor.devices=cpu"])


def files(folder: Path) -> dict[str, bytes]:
    """What is in a folder but the command's own account, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != NAME
    }


def pixels(path: Path) -> np.ndarray:
    return decode(path.read_bytes(), path).pixels


def jpeg_markers(data: bytes) -> list[int]:
    """The segments of a JPEG file up to its scan, which nothing follows."""
    markers, place = [], 2
    while True:
        assert data[place] == 0xFF
        marker = data[place + 1]
        markers.append(marker)
        (length,) = struct.unpack(">H", data[place + 2 : place + 4])
        place += 2 + length
        if marker == 0xDA:
            assert data.endswith(b"\xff\xd9") and data.count(b"\xff\xd9") == 1
            return markers
