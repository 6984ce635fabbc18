from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from palmbench import diffusion
from palmbench.diffusion.paint import Conditions, Inpainting
from palmbench.diffusion.prior import background_image, signed_image
from palmbench.diffusion.sampler import Sampling
from recognizers.common.errors import RequestError, SampleError


@pytest.mark.parametrize(("steps", "guidance", "seed"), [(10, 3.0, 123), (50, 5.0, 321)])
def test_one_exemplar_and_alpha_zero_reproduce_the_stock_pipeline(
    model, scene, expected, latents, steps, guidance, seed
):
    name = f"steps{steps}_g{guidance}_seed{seed}"
    asked = Inpainting(
        *scene[:2], [scene.exemplar], alpha=0.0, sampling=Sampling(steps, guidance), latents=latents[name],
        generator=torch.Generator().manual_seed(seed),
    )  # fmt: skip
    painted = model.repaint(asked)
    assert np.abs(painted - expected[name]).max() < 1e-3

    from_seed = model.inpaint(
        *scene[:2], [scene.exemplar], alpha=0.0, steps=steps, guidance=guidance, seed=seed, latents=latents[name]
    )
    assert from_seed.dtype == np.uint8
    assert np.array_equal(from_seed, np.round(painted * 255))


def test_embeddings_are_the_encoders_after_its_last_projection(model, scene, expected):
    assert np.allclose(model.embed([scene.exemplar]).numpy(), expected["sge"][0], atol=1e-5)


def test_alpha_zero_does_not_depend_on_whether_the_original_was_encoded(model, scene):
    without = conditions(model, scene, 0.0)
    with_original = Conditions(
        without.background, model.moments([signed_image(scene.image)])[0], scene.mask, without.embeddings, 0.0
    )
    first, second = (
        model.paint([c], [torch.Generator().manual_seed(5)], Sampling(steps=2))[0] for c in (without, with_original)
    )
    assert np.array_equal(first, second)


def test_a_sampled_posterior_of_the_original_has_noise_of_its_own(model, scene):
    # Of equal moments, equal noise would make every alpha the same.
    moments = model.moments([signed_image(scene.image)])[0]
    each = [Conditions(moments, moments, scene.mask, model.embed([scene.exemplar]), alpha) for alpha in (0, 1)]
    for posterior, alike in (("mode", True), ("sample", False)):
        without, with_original = (
            model.paint([c], [torch.Generator().manual_seed(5)], Sampling(steps=2, posterior=posterior))[0]
            for c in each
        )
        assert np.array_equal(without, with_original) == alike


def test_alpha_shifts_the_result_and_alpha_one_forgets_the_background(model, scene):
    def paint(alpha, image):
        sampling = Sampling(steps=2, posterior="mode")
        return model.repaint(Inpainting(image, scene.mask, [scene.exemplar], alpha, sampling))

    changed = scene.image.copy()
    changed[scene.mask] = 255 - changed[scene.mask]
    assert np.array_equal(paint(0.0, scene.image), paint(0.0, changed))
    assert np.abs(paint(0.1, scene.image) - paint(0.0, scene.image)).max() > 1e-4
    assert np.abs(paint(1.0, scene.image) - paint(1.0, changed)).max() > 1e-3


def test_three_images_in_one_call_equal_three_single_calls(model, scene):
    images = [np.roll(scene.image, shift, axis=0) for shift in (0, 3, 7)]
    each = [conditions(model, scene._replace(image=image), 0.1) for image in images]
    seeds = (11, 12, 13)
    together = model.paint(each, [torch.Generator().manual_seed(s) for s in seeds], Sampling(steps=3))
    for condition, seed, painted in zip(each, seeds, together, strict=True):
        alone = model.paint([condition], [torch.Generator().manual_seed(seed)], Sampling(steps=3))[0]
        assert np.array_equal(alone, painted)


def test_exemplars_are_averaged_whatever_their_order(model, scene):
    other = scene.exemplar[::-1].copy()

    def paint(exemplars):
        return model.repaint(Inpainting(*scene[:2], exemplars, sampling=Sampling(steps=2)))

    assert np.array_equal(paint([scene.exemplar, other]), paint([other, scene.exemplar]))
    assert np.abs(paint([scene.exemplar, other]) - paint([scene.exemplar])).max() > 1e-6


def test_the_seed_names_the_noise(model, scene):
    def paint(seed):
        return model.inpaint(*scene[:2], [scene.exemplar], steps=2, seed=seed, sampler="dpmsolver++")

    assert np.array_equal(paint(4), paint(4))
    assert not np.array_equal(paint(4), paint(5))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"image": np.zeros((100, 128, 3), np.uint8), "mask": np.zeros((100, 128), bool)}, "multiples of 8"),
        ({"mask": np.zeros((128, 128), np.uint8)}, "mask must be bool"),
        ({"mask": np.zeros((64, 64), bool)}, "mask must be bool"),
        ({"image": np.zeros((0, 128, 3), np.uint8), "mask": np.zeros((0, 128), bool)}, r"must be uint8 \(H, W, 3\)"),
        ({"exemplars": []}, "at least one exemplar"),
        ({"exemplars": [np.zeros((64, 64), np.uint8)]}, r"number 1 is uint8 \(64, 64\)"),
        ({"exemplars": np.zeros((64, 64, 3), np.uint8)}, "Exemplars are a list"),
        ({"exemplars": [np.zeros((64, 64, 3))]}, "number 1 is float64"),
        ({"exemplars": [np.zeros((64, 64, 3), np.uint8), np.zeros((0, 64, 3), np.uint8)]}, "number 2"),
        ({"latents": np.zeros((16, 16, 4))}, r"shape \(4, 16, 16\)"),
        ({"latents": np.full((4, 16, 16), np.nan)}, "latents must be numbers"),
        ({"alpha": 1.5}, "from 0 to 1"),
        ({"steps": 0}, "at least one step"),
        ({"steps": 2.5}, "whole number"),
        ({"guidance": float("nan")}, "guidance"),
        ({"guidance": float("inf")}, "guidance"),
        ({"sampler": "ddim"}, "plms, dpmsolver"),
        ({"posterior": "median"}, "mode, sample"),
        ({"guidance_start": 0.6, "guidance_end": 0.4}, "the start not after the end"),
    ],
)
def test_a_request_that_cannot_be_met_is_said_plainly(model, scene, change, says):
    request = {"image": scene.image, "mask": scene.mask, "exemplars": [scene.exemplar]} | change
    with pytest.raises(RequestError, match=says):
        model.inpaint(**request)


def test_nan_is_a_failure_and_not_a_black_palm(checkpoint, scene, tmp_path):
    shutil.copytree(checkpoint, tmp_path / "overflowing")
    (file,) = (tmp_path / "overflowing" / "unet").glob("*.bin")
    state = torch.load(file, weights_only=True)
    state["conv_out.bias"][0] = 3e38
    torch.save(state, file)
    with pytest.raises(SampleError):
        diffusion.load(str(tmp_path / "overflowing")).inpaint(*scene[:2], [scene.exemplar], steps=2)


def conditions(model, scene, alpha) -> Conditions:
    original = model.moments([signed_image(scene.image)])[0] if alpha else None
    background = model.moments([background_image(scene.image, scene.mask)])[0]
    return Conditions(background, original, scene.mask, model.embed([scene.exemplar]), alpha)
