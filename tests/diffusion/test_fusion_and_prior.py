from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

from palmbench.diffusion.fusion import Preprocessing, fuse
from palmbench.diffusion.prior import background_image, interpolate_prior, keep_mask, latent


@pytest.mark.parametrize("shape", [(128, 128), (90, 131), (301, 200), (17, 23)])
def test_exemplars_are_prepared_as_by_the_clip_processor(shape):
    transformers = pytest.importorskip("transformers")
    reference = getattr(transformers, "CLIPImageProcessorPil", None)  # transformers 5
    if reference is None:
        reference = transformers.CLIPImageProcessor
    exemplar = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    theirs = reference()(images=exemplar, return_tensors="pt").pixel_values[0]
    ours = Preprocessing.clip(224)(exemplar)
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_fusion_is_the_mean_of_equation_1():
    embeddings = torch.tensor([[1.0, 4.0], [2.0, 0.0], [6.0, 5.0]])  # their medians are 2 and 4
    assert fuse(embeddings).tolist() == [3.0, 3.0]
    assert fuse(embeddings[:1]).tolist() == [1.0, 4.0]


def test_prior_interpolation_is_equation_2():
    original, background = torch.tensor([10.0, -2.0]), torch.tensor([0.0, 8.0])
    assert interpolate_prior(original, background, 0.1).tolist() == pytest.approx([1.0, 7.0])
    assert torch.equal(interpolate_prior(original, background, 1.0), original)


def test_latents_are_those_of_the_autoencoders_posterior():
    moments = torch.randn(8, 4, 4, generator=torch.Generator().manual_seed(2)) * 3
    posterior = DiagonalGaussianDistribution(moments[None])
    assert torch.equal(latent(moments, 0.5), posterior.mode()[0] * 0.5)
    noise = torch.randn((1, 4, 4, 4), generator=torch.Generator().manual_seed(3))[0]
    sampled = posterior.sample(torch.Generator().manual_seed(3))[0] * 0.5
    assert torch.allclose(latent(moments, 0.5, noise), sampled)


def test_the_region_to_repaint_is_grey_in_the_image_and_zero_in_the_mask():
    image = np.full((16, 16, 3), 255, np.uint8)
    mask = np.zeros((16, 16), bool)
    mask[:8, 8:] = True
    background = background_image(image, mask)
    assert torch.equal(background[0] == 0, torch.from_numpy(mask))
    assert background[:, ~mask].unique().tolist() == [1.0]
    assert keep_mask(mask, 8).tolist() == [[[1.0, 0.0], [1.0, 1.0]]]
