"""A training that goes on from a recognizer's weights, with a classifier of new palms.

CCNet's Gabor filters stay as they are. So does EEHNet's localiser, and its losses are those of whole templates: what
learns is how a hand that is aligned as before is described.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from recognizers.ccnet import CCNetRecognizer
from recognizers.eehnet import EEHNetRecognizer
from recognizers.networks.eehnet_settings import LossWeights, Phases
from recognizers.networks.gabor_conv import GaborConv2d
from recognizers.networks.hand_landmarks import LANDMARKS
from recognizers.training.ccnet import CCNetRecipe
from recognizers.training.eehnet import EEHNetRecipe
from recognizers.training.recipe import Photos, Recipe

Learner = CCNetRecognizer | EEHNetRecognizer
_WHOLE = LossWeights(landmark=0, palm=0, fingers=0)
_EASED = 0.25  # share of the epochs over which the margin of EEHNet grows


def photos_of(recognizer: Learner, images: np.ndarray, labels: np.ndarray) -> Photos:
    """Photos as `recipe_from` wants them: EEHNet's landmarks count nothing, and are not looked for."""
    hands = isinstance(recognizer, EEHNetRecognizer)
    return Photos(images, labels, np.zeros((len(images), LANDMARKS, 2), np.float32) if hands else None)


def recipe_from(recognizer: Learner, classes: int, epochs: int) -> Recipe:
    """The recipe of a recognizer's network, which has its weights; the classifier is new.

    Parameters
    ----------
    recognizer : CCNetRecognizer or EEHNetRecognizer
    classes : int
        Palms to be told apart.
    epochs : int
        How many there will be.
    """
    recipe: CCNetRecipe | EEHNetRecipe
    if isinstance(recognizer, EEHNetRecognizer):
        phases = Phases(alignment=0, localiser_held=epochs, eased=round(_EASED * epochs))
        recipe = EEHNetRecipe(classes, recognizer.network.settings, _WHOLE, phases)
        recipe.network.localiser.requires_grad_(False)
    else:
        recipe = CCNetRecipe(classes, recognizer.settings()["variant"])
        for module in recipe.network.modules():
            if isinstance(module, GaborConv2d):  # its gradients are four fifths of a step
                module.requires_grad_(False)
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
