"""However a photo's file is damaged, it is read or it is that photo's failure: never the end of an album or a run."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from experiments.campaign.mutants import mutants, photos
from palmbench.base.images import photo_facts, read_image
from palmbench.photos.reading import decode
from recognizers.common.errors import SampleError

_MUTANTS = 600


def test_the_photos_are_read_before_they_are_damaged() -> None:
    refused = {"uint16-planes.tif"}  # see photo_files
    for name, data in photos():
        if name in refused:
            continue
        seen = read_image(name, data)
        assert seen.shape in ((40, 52, 3), (52, 40, 3)) and np.ptp(seen) > 100
        assert decode(data, Path(name)).pixels.shape[:2] == seen.shape[:2] == photo_facts(name, data)[1::-1]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_no_damage_does_more_than_fail_one_photo() -> None:
    ends: Counter[str] = Counter()
    for name, data in islice(mutants(seed=0), _MUTANTS):
        for read in (read_image, photo_facts, lambda name, data: decode(data, Path(name))):
            try:
                read(name, data)
            except SampleError as error:
                assert str(error).startswith(f"{name}: ")
                ends["failed"] += 1
            else:
                ends["read"] += 1
    assert ends["failed"] > _MUTANTS and ends["read"] > _MUTANTS / 3
