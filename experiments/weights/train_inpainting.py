"""Train the embedded Paint by Example (UNet and exemplar encoder) on palm crops of training identities.

    python -m experiments.weights.train_inpainting

Needs the autoencoder of `train_autoencoder`. Writes palmbench/weights/paint-by-example. The network learns to fill the
palm from its surroundings and from one vector: the exemplar is a turned patch of any size, so that it can tell
colour and texture but not whose palm it was. alpha is 0 in training: a network that sees the faint original
learns to restore it. Now and then it sees the faint palm of somebody else instead, and learns that this is no evidence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig

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
from palmbench.diffusion.components import PaintByExampleImageEncoder
from palmbench.diffusion.fusion import Preprocessing
from palmbench.diffusion.prior import background_image, keep_mask, signed_image
from recognizers.common.cache_keys import digest, file_digest

HELD_OUT = 50  # identities, or a fifth of a smaller training set
_CHUNK = 200
FACTOR = 8
TOKEN = 128
EXEMPLAR_SIZE = 64
DROPPED_CONDITIONS = 0.15
OUTSIDE_WEIGHT = 0.15
LEAST_SIDE = 130  # of a crop in its photo, pixels: enlarged more than twofold a palm shows no lines to learn from
# A network that has only seen empty palms takes whatever lies faintly in one for the palm itself. In this share of
# the examples somebody else's palm lies there, up to this alpha: lines so faint tell nothing, stronger ones still do.
STRANGERS = 0.25
STRANGER_ALPHA = 0.12
# Palms are repainted up to this share of the crop beyond their polygon: detectors' polygons vary, and so do rims.
HOLE_GROWTH = 0.04
SCHEDULE: dict[str, Any] = {
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
    "block_out_channels": [96, 128, 176],
    # Attention at 8 x 8 only, and groups of many channels: a training step takes half the time.
    "down_block_types": ["DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"],
    "cross_attention_dim": TOKEN,
    "attention_head_dim": 4,
    "norm_num_groups": 4,
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


class TrainingAttention:
    """The UNet's attention, written out: the backward pass of the fused one is several times slower on a CPU.

    A softmax over a one-token condition is 1, so cross-attention needs neither queries nor keys.
    """

    def __call__(
        self, attention: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None, **_: Any
    ) -> Tensor:
        batch, pixels, _channels = hidden_states.shape
        if encoder_hidden_states is not None:
            return attention.to_out[0](attention.to_v(encoder_hidden_states)).expand(-1, pixels, -1)
        query, key, value = (
            layer(hidden_states).view(batch, pixels, attention.heads, -1).transpose(1, 2)
            for layer in (attention.to_q, attention.to_k, attention.to_v)
        )
        shares = torch.softmax((query * attention.scale) @ key.transpose(-1, -2), dim=-1)
        return attention.to_out[0]((shares @ value).transpose(1, 2).reshape(batch, pixels, -1))


class Painter(nn.Module):
    """UNet and exemplar encoder, trained together."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = UNet2DConditionModel(**UNET)
        self.unet.set_attn_processor(TrainingAttention())
        self.encoder = PaintByExampleImageEncoder(CLIPVisionConfig(**ENCODER), proj_size=TOKEN)
        nn.init.normal_(self.encoder.uncond_vector, std=0.5)

    def forward(self, inputs: Tensor, times: Tensor, exemplars: Tensor, dropped: Tensor) -> Tensor:
        tokens = self.encoder(exemplars)
        tokens = torch.where(dropped[:, None, None], self.encoder.uncond_vector.to(tokens.dtype), tokens)
        return self.unet(inputs, times, encoder_hidden_states=tokens).sample


def main() -> None:
    options = parse_options(__doc__ or "", steps=20000, minutes=50, batch=8)
    load_world(options.data, options.identities, options.samples, options.processes)
    encode_world(options)
    spread(train, options.processes, options)


def train(rank: int, options: Options) -> None:
    """Train as one of several processes that average their gradients; the first one writes the weights."""
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    world = load_world(options.data, options.identities, options.samples, options.processes)
    latents = encode_world(options)
    painter = Painter()
    if options.continued:
        for part, path in weight_files().items():
            begin_with(getattr(painter, part), path)
    painter = painter.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(options.steps, options.minutes, rate=6e-4, warmup=200)
    trainer = Trainer(painter, schedule, options.data / "painter.pt", average=0.999)
    levels = signal_levels().to(device)
    count = options.samples * (options.identities - min(HELD_OUT, options.identities // 5))
    near = np.flatnonzero(world.sides >= LEAST_SIDE)
    batches = prefetch(_batches(world, latents, near[near < count], options.batch, (13, rank), trainer.step))
    painter.train()
    while trainer.running():
        trainer.update(_loss(painter, [part.to(device) for part in next(batches)], levels, OUTSIDE_WEIGHT))
    trainer.save()
    if rank == 0:
        trainer.adopt_average()
        others = _batches(world, latents, near[near >= count], options.batch, (19,), 0)
        with torch.inference_mode():
            losses = [float(_loss(painter, [p.to(device) for p in batch], levels, 0)) for batch in islice(others, 40)]
        measured = {"velocity error inside held-out palms (mean square)": round(float(np.mean(losses)), 4)}
        print(measured)
        what = {"unet": "Inpainting UNet of the small Paint by Example.", "encoder": "Its exemplar encoder."}
        for part, path in write(painter).items():
            write_card(path, what[part], "inpainting", options, trainer, measured)


def _loss(painter: Painter, batch: list[Tensor], levels: Tensor, outside: float) -> Tensor:
    """Mean square error of the predicted velocity, what is kept counting `outside` times as much as the palm."""
    original, background, keep, exemplars, dropped, times, noise = batch
    level = levels[times][:, None, None, None]
    noisy = level.sqrt() * original + (1 - level).sqrt() * noise
    velocity = level.sqrt() * noise - (1 - level).sqrt() * original
    with torch.autocast(original.device.type, torch.bfloat16):
        guess = painter(torch.cat([noisy, background, keep], dim=1), times, exemplars, dropped)
    weight = torch.where(keep > 0, outside, 1.0)
    return ((guess.float() - velocity).square() * weight).mean() / weight.mean()


def signal_levels() -> Tensor:
    """Share of signal power at each of the 1000 training times, as the sampler will have it."""
    levels = DPMSolverMultistepScheduler(**SCHEDULE).alphas_cumprod.clone()
    levels[-1] = 0  # the sampler keeps a trace for its logarithms
    return levels


def encode_world(options: Options) -> np.ndarray:
    """Latents of every palm crop and of its blanked background, float16 (n, 2, 4, 32, 32); kept for the next run."""
    vae = file_digest(weights_dir() / "paint-by-example" / "vae" / "diffusion_pytorch_model.safetensors")
    made = digest("latents", vae=vae, world=file_digest(options.data / "world.json"), growth=HOLE_GROWTH)
    path = options.data / f"latents-{made[:8]}.npy"
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
    world = load_world(options.data, options.identities, options.samples, options.processes)
    autoencoder = _autoencoder()
    side = world.palms.shape[1] // FACTOR
    latents = np.zeros((stop - start, 2, 4, side, side), np.float16)
    for index in range(start, stop):
        mask = _hole(world.regions[index], index)
        pair = torch.stack([signed_image(world.palms[index]), background_image(world.palms[index], mask)])
        with torch.autocast("cpu", torch.bfloat16):
            mean = autoencoder.encode(pair.contiguous(memory_format=torch.channels_last)).latent_dist.mode()
        latents[index - start] = (mean.float() * autoencoder.config.scaling_factor).numpy()
    return latents


def _hole(regions: np.ndarray, index: int) -> np.ndarray:
    """What is repainted in a crop, bool: the palm region, grown by a width of the crop's own."""
    radius = int(np.random.default_rng((17, index)).uniform(0, HOLE_GROWTH) * len(regions))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return (cv2.dilate(regions & 2, disc) > 0) & (regions & 1 > 0)


def _autoencoder() -> AutoencoderKL:
    folder = weights_dir() / "paint-by-example" / "vae"
    autoencoder = AutoencoderKL.from_config(json.loads((folder / "config.json").read_text())).eval()
    state = load_file(folder / "diffusion_pytorch_model.safetensors")
    autoencoder.load_state_dict({name: value.float() for name, value in state.items()})
    return autoencoder.to(memory_format=torch.channels_last)


def _batches(
    world: World, latents: np.ndarray, choices: np.ndarray, size: int, stream: tuple[int, ...], start: int
) -> Iterator[tuple[Tensor, ...]]:
    preprocess = Preprocessing.clip(EXEMPLAR_SIZE)
    step = start
    while True:
        random = np.random.default_rng((*stream, step))
        indices = choices[random.integers(0, len(choices), size)]
        pairs = torch.from_numpy(latents[indices].astype(np.float32))
        keep = torch.stack([keep_mask(_hole(world.regions[index], int(index)), FACTOR) for index in indices])
        exemplars = torch.stack([preprocess(_exemplar(world.palms[index], random)) for index in indices])
        yield (
            pairs[:, 0],
            with_strangers(pairs[:, 0], pairs[:, 1], keep, random),
            keep,
            exemplars,
            torch.from_numpy(random.random(size) < DROPPED_CONDITIONS),
            torch.from_numpy(random.integers(0, SCHEDULE["num_train_timesteps"], size)),
            torch.from_numpy(random.standard_normal(pairs[:, 0].shape, dtype=np.float32)),
        )
        step += 1


def with_strangers(original: Tensor, background: Tensor, keep: Tensor, random: np.random.Generator) -> Tensor:
    """Backgrounds; in some holes the palm of another example lies faintly, in the mean colour of the hole's own."""
    hole = 1 - keep
    alphas = random.uniform(0, STRANGER_ALPHA, len(keep)) * (random.random(len(keep)) < STRANGERS)
    share = torch.from_numpy(alphas).float()[:, None, None, None] * hole
    own = _mean_inside(original, hole)
    stranger = (original - own).roll(1, dims=0) + own
    return share * stranger + (1 - share) * background


def _mean_inside(latents: Tensor, hole: Tensor) -> Tensor:
    return (latents * hole).sum(dim=(2, 3), keepdim=True) / hole.sum(dim=(2, 3), keepdim=True).clamp(min=1)


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


def weight_files() -> dict[str, Path]:
    """Where the weights of the painter's parts lie, by attribute."""
    folder = weights_dir() / "paint-by-example"
    return {
        "unet": folder / "unet" / "diffusion_pytorch_model.safetensors",
        "encoder": folder / "image_encoder" / "model.safetensors",
    }


def write(painter: Painter) -> dict[str, Path]:
    """Write the trained parts in the layout of the published checkpoint; the weight files."""
    folder, paths = weights_dir() / "paint-by-example", weight_files()
    save_half(painter.unet.state_dict(), paths["unet"])
    save_half(painter.encoder.state_dict(), paths["encoder"])
    _write_json(folder / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", **UNET})
    encoder = {"architectures": ["PaintByExampleImageEncoder"], "model_type": "clip_vision_model", **ENCODER}
    _write_json(folder / "image_encoder" / "config.json", encoder)
    scheduler = {"_class_name": "DPMSolverMultistepScheduler", **SCHEDULE}
    _write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
    return paths


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
