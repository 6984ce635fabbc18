"""Train the embedded Paint by Example (UNet and exemplar encoder) on palm crops of training identities.

    python -m experiments.weights.train_inpainting

Needs the autoencoder of `train_autoencoder`. Writes palmbench/weights/paint-by-example. The network learns to fill the
palm from its surroundings and from one vector: the exemplar is a turned patch of any size, so that it can tell
colour and texture but not whose palm it was. alpha is 0 in training: a network that sees the faint original
learns to restore it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DConditionModel
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig

from experiments.weights.training import Options, Schedule, Trainer, parse_options, prefetch, save_half, spread
from experiments.weights.world import World, load_world
from palmbench.diffusion.components import PaintByExampleImageEncoder
from palmbench.diffusion.conditioning import Preprocessing, background_image, keep_mask, signed_image
from palmbench.keys import file_digest
from palmbench.paths import weights_dir

HELD_OUT = 200
_CHUNK = 200
FACTOR = 8
TOKEN = 128
EXEMPLAR_SIZE = 64
DROPPED_CONDITIONS = 0.15
OUTSIDE_WEIGHT = 0.15
SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
}
UNET = {
    "sample_size": 32,
    "in_channels": 9,
    "out_channels": 4,
    "layers_per_block": 1,
    "block_out_channels": [80, 144, 208],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "cross_attention_dim": TOKEN,
    "attention_head_dim": 4,
    "norm_num_groups": 16,
}
ENCODER = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "image_size": EXEMPLAR_SIZE,
    "patch_size": 16,
    "projection_dim": TOKEN,
}


class Painter(nn.Module):
    """UNet and exemplar encoder, trained together."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel(**UNET)
        self.encoder = PaintByExampleImageEncoder(CLIPVisionConfig(**ENCODER), proj_size=TOKEN)
        nn.init.normal_(self.encoder.uncond_vector, std=0.5)

    def forward(self, inputs: Tensor, times: Tensor, exemplars: Tensor, dropped: Tensor) -> Tensor:
        tokens = self.encoder(exemplars)
        tokens = torch.where(dropped[:, None, None], self.encoder.uncond_vector.to(tokens.dtype), tokens)
        return self.unet(inputs, times, encoder_hidden_states=tokens).sample


def main() -> None:
    options = parse_options(__doc__ or "", steps=20000, minutes=90, batch=8)
    load_world(options.data, options.identities, options.samples)
    encode_world(options)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    world = load_world(options.data, options.identities, options.samples)
    latents = encode_world(options)
    painter = Painter().to(memory_format=torch.channels_last)
    schedule = Schedule(options.steps, options.minutes, rate=6e-4, warmup=200)
    trainer = Trainer(painter, schedule, options.data / "painter.pt", average=0.999)
    levels = signal_levels()
    count = len(world.palms) - HELD_OUT
    batches = prefetch(_batches(world, latents, count, options.batch, trainer.step, rank))
    painter.train()
    while trainer.running():
        original, background, keep, exemplars, dropped, times, noise = next(batches)
        level = levels[times][:, None, None, None]
        noisy = level.sqrt() * original + (1 - level).sqrt() * noise
        velocity = level.sqrt() * noise - (1 - level).sqrt() * original
        with torch.autocast("cpu", torch.bfloat16):
            guess = painter(torch.cat([noisy, background, keep], dim=1), times, exemplars, dropped)
        weight = torch.where(keep > 0, OUTSIDE_WEIGHT, 1.0)
        trainer.update(((guess.float() - velocity).square() * weight).mean() / weight.mean())
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        write(painter)


def signal_levels() -> Tensor:
    """Share of signal power at each of the 1000 training times, as the sampler will have it."""
    levels = DPMSolverMultistepScheduler(**SCHEDULE).alphas_cumprod.clone()
    levels[-1] = 0  # the sampler keeps a trace for its logarithms
    return levels


def encode_world(options: Options) -> np.ndarray:
    """Latents of every palm crop and of its blanked background, float16 (n, 2, 4, 32, 32); kept for the next run."""
    vae = file_digest(weights_dir() / "paint-by-example" / "vae" / "diffusion_pytorch_model.safetensors")
    path = options.data / f"latents-{vae[:8]}.npy"
    if not path.is_file():
        count = options.identities * options.samples
        tasks = [(options, start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
        latents = []
        with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
            for part in pool.map(_encode, tasks):
                latents.append(part)
                print(f"encoded {sum(map(len, latents))} of {count} palms", flush=True)
        partial = path.with_name(f"part-{path.name}")
        np.save(partial, np.concatenate(latents))
        partial.replace(path)
    return np.load(path, mmap_mode="r")


@torch.inference_mode()
def _encode(task: tuple[Options, int, int]) -> np.ndarray:
    options, start, stop = task
    torch.set_num_threads(1)
    world = load_world(options.data, options.identities, options.samples)
    autoencoder = _autoencoder()
    side = world.palms.shape[1] // FACTOR
    latents = np.zeros((stop - start, 2, 4, side, side), np.float16)
    for index in range(start, stop):
        mask = world.regions[index] == 3
        pair = torch.stack([signed_image(world.palms[index]), background_image(world.palms[index], mask)])
        with torch.autocast("cpu", torch.bfloat16):
            mean = autoencoder.encode(pair.contiguous(memory_format=torch.channels_last)).latent_dist.mode()
        latents[index - start] = (mean.float() * autoencoder.config.scaling_factor).numpy()
    return latents


def _autoencoder() -> AutoencoderKL:
    folder = weights_dir() / "paint-by-example" / "vae"
    autoencoder = AutoencoderKL.from_config(json.loads((folder / "config.json").read_text())).eval()
    state = load_file(folder / "diffusion_pytorch_model.safetensors")
    autoencoder.load_state_dict({name: value.float() for name, value in state.items()})
    return autoencoder.to(memory_format=torch.channels_last)


def _batches(
    world: World, latents: np.ndarray, count: int, size: int, start: int, rank: int
) -> Iterator[tuple[Tensor, ...]]:
    preprocess = Preprocessing.clip(EXEMPLAR_SIZE)
    step = start
    while True:
        random = np.random.default_rng((13, step, rank))
        indices = random.integers(0, count, size)
        pairs = torch.from_numpy(latents[indices].astype(np.float32))
        keep = torch.stack([keep_mask(world.regions[index] == 3, FACTOR) for index in indices])
        exemplars = torch.stack([preprocess(_exemplar(world.palms[index], random)) for index in indices])
        yield (
            pairs[:, 0],
            pairs[:, 1],
            keep,
            exemplars,
            torch.from_numpy(random.random(size) < DROPPED_CONDITIONS),
            torch.from_numpy(random.integers(0, SCHEDULE["num_train_timesteps"], size)),
            torch.from_numpy(random.standard_normal(pairs[:, 0].shape, dtype=np.float32)),
        )
        step += 1


def _exemplar(palm: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A patch of the palm, between sROI and fROI in size, in any turn and either chirality."""
    side = float(np.exp(random.uniform(np.log(0.09), np.log(0.85)))) * palm.shape[0]
    centre = palm.shape[0] / 2 + random.normal(0, 0.03, 2) * palm.shape[0]
    turn = cv2.getRotationMatrix2D(tuple(centre), random.uniform(0, 360), EXEMPLAR_SIZE / side)
    turn[:, 2] += EXEMPLAR_SIZE / 2 - centre
    patch = cv2.warpAffine(
        palm, turn, (EXEMPLAR_SIZE, EXEMPLAR_SIZE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT
    )
    return patch[:, ::-1] if random.random() < 0.5 else patch


def write(painter: Painter) -> None:
    """Write the trained parts in the layout of the published checkpoint."""
    folder = weights_dir() / "paint-by-example"
    save_half(painter.unet.state_dict(), folder / "unet" / "diffusion_pytorch_model.safetensors")
    save_half(painter.encoder.state_dict(), folder / "image_encoder" / "model.safetensors")
    _write_json(folder / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", **UNET})
    encoder = {"architectures": ["PaintByExampleImageEncoder"], "model_type": "clip_vision_model", **ENCODER}
    _write_json(folder / "image_encoder" / "config.json", encoder)
    scheduler = {"_class_name": "DPMSolverMultistepScheduler", **SCHEDULE}
    _write_json(folder / "scheduler" / "scheduler_config.json", scheduler)


def _write_json(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
