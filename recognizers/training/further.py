"""A training that goes on from a recognizer's weights, with a classifier of new palms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from recognizers.ccnet import CCNetRecognizer
from recognizers.training.ccnet import CCNetRecipe
from recognizers.training.recipe import Photos, Recipe


def recipe_from(recognizer: CCNetRecognizer, classes: int) -> Recipe:
    """The recipe of a recognizer's network, which has its weights; the classifier is new.

    Parameters
    ----------
    recognizer : CCNetRecognizer
    classes : int
        Palms to be told apart.
    """
    recipe = CCNetRecipe(classes, recognizer.settings()["variant"])
    state = {name: value.clone() for name, value in recognizer.network.state_dict().items()}
    recipe.network.load_state_dict({**recipe.network.state_dict(), **state})
    return recipe


@torch.no_grad()
def centre(recipe: Recipe, photos: Photos, embed: Callable[[np.ndarray], np.ndarray]) -> None:
    """Put each class centre, in place, where the templates of its palm lie: random ones would first undo the weights.

    Parameters
    ----------
    recipe : Recipe
    photos : Photos
    embed : callable
        Templates (n, size) of images.
    """
    templates, centres = torch.from_numpy(embed(photos.images)), recipe.centres()
    sums = torch.zeros(centres.shape).index_add(0, torch.from_numpy(photos.labels), templates)
    centres.copy_(functional.normalize(sums).to(centres.device))
