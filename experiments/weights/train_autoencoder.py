"""Train the embedded autoencoder (AutoencoderKL, factor 8) on palm crops of training identities.

    python -m experiments.weights.train_autoencoder

Writes palmbench/weights/paint-by-example/vae. Creases must survive it: beside colour, the loss compares
gradients at two scales and hues. Training starts from a network that makes a thumbnail and enlarges it, which colours
survive from the first step on; a few thousand steps from random weights end with one hue for every hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn
from torch.nn import functional

from experiments.weights.card import write_card
from experiments.weights.training import (
    Options,
    Schedule,
    Trainer,
    begin_with,
    parse_options,
    prefetch,
    save_half,
    spread,
)
from experiments.weights.world import World, load_world
from palmbench.base.paths import weights_dir

HELD_OUT = 50  # identities, or a fifth of a smaller training set
WINDOW = 128
# Skin differs along one line, from fair to dark; a network that has seen nothing else knows no other hue.
RECOLOURED = 0.7
GAIN, GAMMA, SATURATION = (0.8, 1.2), 0.15, (0.5, 1.4)
# Level of two constant channels of the thumbnail, large beside colours: normalisation then hardly depends on the image.
STEADY = 3.0
CONFIG = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [16, 32, 64, 96],
    "layers_per_block": 1,
    "latent_channels": 4,
    # One group: more would divide a hand's colour out of the few channels.
    "norm_num_groups": 1,
    "sample_size": 256,
    "mid_block_add_attention": False,
}


def main() -> None:
    options = parse_options(__doc__ or "", steps=6000, minutes=20, batch=8)
    load_world(options.data, options.identities, options.samples, options.processes)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    world = load_world(options.data, options.identities, options.samples, options.processes)
    count = options.samples * (options.identities - min(HELD_OUT, options.identities // 5))
    autoencoder = AutoencoderKL(**CONFIG)
    start_as_thumbnail(autoencoder)
    if options.continued:
        begin_with(autoencoder, weights_dir() / "paint-by-example" / "vae" / "diffusion_pytorch_model.safetensors")
    autoencoder.to(device, memory_format=torch.channels_last)
    schedule = Schedule(options.steps, options.minutes, rate=1.2e-3)
    trainer = Trainer(autoencoder, schedule, options.data / "vae.pt", average=0.995)
    batches = prefetch(_batches(world, count, options.batch, trainer.step, rank))
    autoencoder.train()
    while trainer.running():
        images = next(batches).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            posterior = autoencoder.encode(images).latent_dist
            restored = autoencoder.decode(posterior.sample()).sample
        trainer.update(_loss(images, restored.float(), posterior.kl().float()))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        scale, measured = report(autoencoder, world.palms[count:])
        what = "Autoencoder (AutoencoderKL, factor 8, 4 channels) of palm crops."
        write_card(write(autoencoder, scale), what, "autoencoder", options, trainer, measured)


@torch.no_grad()
def start_as_thumbnail(autoencoder: AutoencoderKL) -> None:
    """Set weights, in place, so that the latents begin as a thumbnail of the image and decode to it, enlarged.

    Colours travel in six channels, with either sign: silu(x) - silu(-x) = x makes the last activation linear for them.
    The other channels keep their random weights; residual branches begin at zero.
    """
    encoder, decoder = autoencoder.encoder, autoencoder.decoder
    point, mean = torch.zeros(3, 3), torch.zeros(3, 3)
    point[1, 1], mean[:2, :2] = 1, 0.25
    for module in autoencoder.modules():
        if isinstance(module, ResnetBlock2D):
            nn.init.zeros_(module.conv2.weight)
            nn.init.zeros_(module.conv2.bias)
            if module.conv_shortcut is not None:
                nn.init.dirac_(module.conv_shortcut.weight)
                nn.init.zeros_(module.conv_shortcut.bias)
        elif isinstance(module, Downsample2D):
            _carry(module.conv, mean)
        elif isinstance(module, Upsample2D):
            _carry(module.conv, point)
    for layer in (encoder.conv_in, decoder.conv_in):
        _clear(layer, slice(8))
        for colour in range(3):
            layer.weight[colour, colour], layer.weight[colour + 3, colour] = point, -point
        layer.bias[6], layer.bias[7] = STEADY, -STEADY
    for layer in (encoder.conv_out, decoder.conv_out):
        _clear(layer, slice(3))
        deviation = STEADY * (2 / layer.in_channels) ** 0.5  # which the normalisation before it divides by
        for colour in range(3):
            layer.weight[colour, colour], layer.weight[colour, colour + 3] = deviation * point, -deviation * point
    latents = encoder.conv_out.out_channels // 2
    _clear(encoder.conv_out, slice(latents, None))
    encoder.conv_out.bias[latents:] = -6  # logarithm of the posterior's variance
    for layer in (autoencoder.quant_conv, autoencoder.post_quant_conv):
        nn.init.dirac_(layer.weight)
        nn.init.zeros_(layer.bias)


def _carry(layer: nn.Conv2d, kernel: Tensor) -> None:
    _clear(layer, slice(8))
    for channel in range(8):
        layer.weight[channel, channel] = kernel


def _clear(layer: nn.Conv2d, rows: slice) -> None:
    layer.weight[rows] = 0
    assert layer.bias is not None
    layer.bias[rows] = 0


def write(autoencoder: AutoencoderKL, scale: float) -> Path:
    """Write the autoencoder in the layout of the published checkpoint; the weight file."""
    folder = weights_dir() / "paint-by-example" / "vae"
    path = folder / "diffusion_pytorch_model.safetensors"
    save_half(autoencoder.state_dict(), path)
    config = {"_class_name": "AutoencoderKL", **CONFIG, "scaling_factor": scale}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return path


def _batches(world: World, count: int, size: int, start: int, rank: int) -> Iterator[Tensor]:
    step = start
    while True:
        random = np.random.default_rng((11, step, rank))
        yield to_signed(np.stack([_window(world, int(index), random) for index in random.integers(0, count, size)]))
        step += 1


def _window(world: World, index: int, random: np.random.Generator) -> np.ndarray:
    """A window of a palm crop, sometimes with the palm blanked as the inpainting input has it."""
    palm = world.palms[index]
    blanked = random.random() < 0.15
    if blanked:
        palm = np.where(world.regions[index][..., None] == 3, np.uint8(128), palm)
    # Creases in the middle of the crop matter most.
    y, x = np.clip(random.normal((palm.shape[0] - WINDOW) / 2, 45, 2), 0, palm.shape[0] - WINDOW).astype(int)
    window = palm[y : y + WINDOW, x : x + WINDOW]
    if not blanked and random.random() < RECOLOURED:
        window = _recoloured(window, random)
    return window[:, ::-1] if random.random() < 0.5 else window


def _recoloured(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The image under a light, with an exposure and of a saturation of its own."""
    values = (image.astype(np.float32) / 255) ** np.exp(random.normal(0, GAMMA)) * random.uniform(*GAIN, 3)
    grey = values.mean(axis=2, keepdims=True)
    values = grey + random.uniform(*SATURATION) * (values - grey)
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def to_signed(images: np.ndarray) -> Tensor:
    """Images uint8 (n, height, width, 3) as float (n, 3, height, width) in [-1, 1]."""
    values = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return values.contiguous(memory_format=torch.channels_last)


def _loss(images: Tensor, restored: Tensor, divergence: Tensor) -> Tensor:
    loss = functional.l1_loss(restored, images)
    loss = loss + 4 * functional.l1_loss(_hue(restored), _hue(images))
    for factor in (1, 2):
        a, b = (images, restored) if factor == 1 else (functional.avg_pool2d(t, factor) for t in (images, restored))
        for axis in (2, 3):
            loss = loss + 1.0 * functional.l1_loss(b.diff(dim=axis), a.diff(dim=axis))
    latent_values = images.shape[2] * images.shape[3] / 64 * CONFIG["latent_channels"]  # type: ignore[operator]
    return loss + 1e-4 * divergence.mean() / latent_values


def _hue(images: Tensor) -> Tensor:
    """Green level of patches, and how far red and blue are from it: skin tones differ by little else."""
    patches = functional.avg_pool2d(images, 8)
    return torch.cat([patches[:, :1] - patches[:, 1:2], patches[:, 2:] - patches[:, 1:2], patches[:, 1:2]], dim=1)


@torch.inference_mode()
def report(autoencoder: AutoencoderKL, palms: np.ndarray) -> tuple[float, dict[str, float | str]]:
    """The factor that gives latents unit variance, and the error on held-out palms; printed."""
    device = next(autoencoder.parameters()).device
    # Written again, a finished network keeps its factor, and with it the latents that others were trained on.
    generator = torch.Generator(device).manual_seed(0)
    squared, latents = [], []
    for start in range(0, len(palms), 10):
        images = to_signed(palms[start : start + 10]).to(device)
        posterior = autoencoder.encode(images).latent_dist
        restored = autoencoder.decode(posterior.mode()).sample.clamp(-1, 1)
        squared.append(((restored - images) / 2).square().mean(dim=(1, 2, 3)))
        latents.append(posterior.sample(generator))
    psnr = -10 * torch.log10(torch.cat(squared)).mean()
    scale = 1 / float(torch.cat(latents).std())
    print(f"held out: PSNR {psnr:.2f} dB, scaling factor {scale:.4f}")
    return round(scale, 4), {"PSNR of held-out palms (dB)": round(float(psnr), 2)}


if __name__ == "__main__":
    main()
