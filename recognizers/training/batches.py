"""Batches of changed photos, made ahead of the network by threads; which they are depends on the seed alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recognizers.training.recipe import Photos, Recipe


class Batch(NamedTuple):
    """Some photos of an epoch.

    Attributes
    ----------
    views : tuple of tensors, each (2 * batch, ...)
        As `Recipe.step` wants them.
    labels : (batch,) int64
        Palms of the first views.
    epoch : int
        From 0.
    last : bool
        Whether the epoch ends with it.
    """

    views: tuple[Tensor, ...]
    labels: Tensor
    epoch: int
    last: bool


def batches(
    recipe: Recipe, photos: Photos, epochs: range, size: int, seed: int, threads: int = 1
) -> Generator[Batch, None, None]:
    """The batches of one epoch after the other.

    Every photo is the first view of one batch an epoch; its second view is another photo of the same palm. The last
    batch is what is left. A photo's change is drawn by a generator of its own, named by seed, epoch, photo and view.

    Parameters
    ----------
    recipe : Recipe
    photos : Photos
    epochs : range
        Which epochs, from 0.
    size : int
        Photos a batch; more than there are means all of them.
    seed : int
    threads : int
        How many batches are made at the same time.
    """
    mates = _mates(photos.labels)
    jobs = (
        (epoch, rows, start + size >= len(order))
        for epoch in epochs
        for order in [np.random.default_rng((seed, epoch)).permutation(len(photos.labels))]
        for start in range(0, len(order), size)
        for rows in [order[start : start + size]]
    )
    pool = ThreadPoolExecutor(threads, thread_name_prefix="views")
    ahead: deque[Future[Batch]] = deque()
    try:
        for epoch, rows, last in jobs:
            ahead.append(pool.submit(_batch, recipe, photos, mates, epoch, rows, seed, last))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _batch(
    recipe: Recipe, photos: Photos, mates: list[np.ndarray], epoch: int, rows: np.ndarray, seed: int, last: bool
) -> Batch:
    first, second = [], []
    for row in rows.tolist():
        random = np.random.default_rng((seed, epoch, row, 0))
        others = mates[photos.labels[row]]
        mate = int(random.choice(others[others != row]))
        first.append(recipe.view(photos, row, random, epoch))
        second.append(recipe.view(photos, mate, np.random.default_rng((seed, epoch, row, 1)), epoch))
    views = tuple(torch.from_numpy(np.stack(parts)) for parts in zip(*(first + second), strict=True))
    return Batch(views, torch.from_numpy(photos.labels[rows]), epoch, last)


def _mates(labels: np.ndarray) -> list[np.ndarray]:
    """Photos of each palm.

    Raises ValueError where a palm has a single one.
    """
    mates = [np.flatnonzero(labels == label) for label in range(int(labels.max()) + 1)]
    alone = sum(len(rows) < 2 for rows in mates)
    if alone:
        raise ValueError(f"{alone} palms have fewer than two photos; the second view is another photo of the palm")
    return mates
