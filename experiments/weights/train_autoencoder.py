"""Train the embedded autoencoder (AutoencoderKL, factor 8) on palm crops of training identities.

    python -m experiments.weights.train_autoencoder

Writes palmbench/weights/paint-by-example/vae. Creases must survive it: beside colour, the loss compares
gradients at two scales and hues.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional

from experiments.weights.training import Options, Schedule, Trainer, parse_options, prefetch, save_half, spread
from experiments.weights.world import World, load_world
from palmbench.paths import weights_dir

HELD_OUT = 200
WINDOW = 128
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
    options = parse_options(__doc__ or "", steps=6000, minutes=23, batch=8)
    load_world(options.data, options.identities, options.samples)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    world = load_world(options.data, options.identities, options.samples)
    autoencoder = AutoencoderKL(**CONFIG).to(memory_format=torch.channels_last)
    schedule = Schedule(options.steps, options.minutes, rate=1.2e-3)
    trainer = Trainer(autoencoder, schedule, options.data / "vae.pt", average=0.995)
    batches = prefetch(_batches(world, len(world.palms) - HELD_OUT, options.batch, trainer.step, rank))
    autoencoder.train()
    while trainer.running():
        images = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            posterior = autoencoder.encode(images).latent_dist
            restored = autoencoder.decode(posterior.sample()).sample
        trainer.update(_loss(images, restored.float(), posterior.kl().float()))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        write(autoencoder, report(autoencoder, world.palms[len(world.palms) - HELD_OUT :]))


def write(autoencoder: AutoencoderKL, scale: float) -> None:
    """Write the autoencoder in the layout of the published checkpoint."""
    folder = weights_dir() / "paint-by-example" / "vae"
    save_half(autoencoder.state_dict(), folder / "diffusion_pytorch_model.safetensors")
    config = {"_class_name": "AutoencoderKL", **CONFIG, "scaling_factor": scale}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def _batches(world: World, count: int, size: int, start: int, rank: int) -> Iterator[Tensor]:
    step = start
    while True:
        random = np.random.default_rng((11, step, rank))
        yield to_signed(np.stack([_window(world, int(index), random) for index in random.integers(0, count, size)]))
        step += 1


def _window(world: World, index: int, random: np.random.Generator) -> np.ndarray:
    """A window of a palm crop, sometimes with the palm blanked as the inpainting input has it."""
    palm = world.palms[index]
    if random.random() < 0.15:
        palm = np.where(world.regions[index][..., None] == 3, np.uint8(128), palm)
    # Creases in the middle of the crop matter most.
    y, x = np.clip(random.normal((palm.shape[0] - WINDOW) / 2, 45, 2), 0, palm.shape[0] - WINDOW).astype(int)
    window = palm[y : y + WINDOW, x : x + WINDOW]
    return window[:, ::-1] if random.random() < 0.5 else window


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
def report(autoencoder: AutoencoderKL, palms: np.ndarray) -> float:
    """Print the error on held-out palms; return the factor that gives latents unit variance."""
    squared, latents = [], []
    for start in range(0, len(palms), 10):
        images = to_signed(palms[start : start + 10])
        posterior = autoencoder.encode(images).latent_dist
        restored = autoencoder.decode(posterior.mode()).sample.clamp(-1, 1)
        squared.append(((restored - images) / 2).square().mean(dim=(1, 2, 3)))
        latents.append(posterior.sample())
    psnr = -10 * torch.log10(torch.cat(squared)).mean()
    scale = 1 / float(torch.cat(latents).std())
    print(f"held out: PSNR {psnr:.2f} dB, scaling factor {scale:.4f}")
    return round(scale, 4)


if __name__ == "__main__":
    main()
