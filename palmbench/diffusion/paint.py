"""Paint by Example with fused exemplars and prior interpolation (paper, section III-B)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from palmbench.diffusion.compilation import compile_for
from palmbench.diffusion.components import Components
from palmbench.diffusion.denoiser import Condition, Denoiser
from palmbench.diffusion.fusion import fuse
from palmbench.diffusion.layers import lean, settle
from palmbench.diffusion.noise import noise_source, standard_normal
from palmbench.diffusion.precision import Precision
from palmbench.diffusion.prior import background_image, keep_mask, latent_of_original, prior_of, signed_image
from palmbench.diffusion.sampler import Sampling, denoise, require_start, require_steps, scheduler_for
from recognizers.common.errors import MissingWeights, RequestError, SampleError

VERSION = 2


@dataclass(frozen=True)
class Conditions:
    """What one image is painted from, on the CPU.

    Attributes
    ----------
    background, original : Tensor of shape (2 * channels, h, w)
        Moments of the autoencoder's posterior of the image with and without its region greyed. `original` may be
        None where alpha is 0 and the strength 1.
    mask : ndarray of shape (H, W), bool
        True = repaint.
    embeddings : Tensor of shape (n, dim)
        Of the exemplars, before fusion.
    alpha : float
        Share of the original in the prior, 0 to 1.
    """

    background: Tensor
    original: Tensor | None
    mask: np.ndarray
    embeddings: Tensor
    alpha: float


@dataclass(frozen=True)
class Inpainting:
    """What is to be repainted, after what and how.

    Attributes
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB; H and W multiples of the model's `factor`.
    mask : ndarray of shape (H, W), bool
        True = repaint.
    exemplars : sequence of ndarray of shape (h, w, 3), uint8
        RGB, any sizes; their embeddings are averaged (eq. 1).
    alpha : float
        Share of the original's latent in the prior, 0 to 1 (eq. 2).
    sampling : Sampling
    seed : int
        Names the start noise, and the noise of sampled posteriors.
    latents : array of shape (channels, H / factor, W / factor), optional
        The start noise; a leading axis of one is allowed.
    generator : torch.Generator, optional
        A CPU generator instead of the seed: it gives the start noise (unless `latents` does), then the noise of the
        background's posterior.
    """

    image: np.ndarray
    mask: np.ndarray
    exemplars: Sequence[np.ndarray]
    alpha: float = 0.1
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    latents: np.ndarray | Tensor | None = None
    generator: torch.Generator | None = None


class PaintByExample:
    """The model, loaded by `palmbench.diffusion.load`.

    Parameters
    ----------
    components : Components
        Their networks are taken over.
    device : str
        A torch device.
    precision : {"float32", "bfloat16", "float16"}
        Of the denoising network and of the autoencoder's decoder; see `palmbench.diffusion.precision`.
    compiled : bool
        Compile these two by `torch.compile`; see `palmbench.diffusion.compilation`.

    Notes
    -----
    On the CPU the networks see one image at a time (its two halves of classifier-free guidance together), so that a
    result does not depend on what shares its batch; on an accelerator they see the whole batch.

    Attributes
    ----------
    digest : str
        Digest of the weight files.
    factor : int
        Pixels per latent along a side; sides of images must be multiples of it.
    side_step : int
        Pixels whose multiples the UNet halves without a remainder.
    """

    def __init__(
        self, components: Components, device: str = "cpu", precision: Precision = "float32", compiled: bool = False
    ) -> None:
        self.device = torch.device(device)
        self.digest = components.digest
        self._dtype: torch.dtype = getattr(torch, precision)
        try:
            lean(components.vae)
            self.denoiser = Denoiser(components.unet)
        except ValueError as error:
            raise MissingWeights(f"These networks are not of Paint by Example's kind: {error}.") from error
        self._vae, self._encoder = components.vae, components.image_encoder
        settle(self.denoiser, self.device, self._dtype, but=self.denoiser.shares)
        for part in (self._vae, self._encoder):
            settle(part, self.device)
        for part in (self._vae.decoder, self._vae.post_quant_conv):
            settle(part, self.device, self._dtype)
        self._scheduler = components.scheduler
        self._preprocess = components.preprocessing
        self._channels: int = components.vae.config["latent_channels"]
        self._scaling: float = components.vae.config["scaling_factor"]
        self.factor: int = 2 ** (len(components.vae.config["block_out_channels"]) - 1)
        self.side_step: int = self.factor * 2 ** (len(self.denoiser.down_blocks) - 1)
        self._predict: Callable[[Tensor, Condition], Tensor] = self.denoiser
        self._decode: Callable[[Tensor], Tensor] = self._decoded_latents
        if compiled:
            self._predict, self._decode = compile_for(self._predict), compile_for(self._decode)
        self._times: dict[tuple[str | None, int, float], list[list[Tensor]]] = {}
        self._unconditional = self._vectors(self._encoder.uncond_vector[0])

    def inpaint(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        exemplars: Sequence[np.ndarray],
        alpha: float = 0.1,
        steps: int = 50,
        guidance: float = 3.0,
        seed: int = 0,
        sampler: str | None = None,
        posterior: str = "sample",
        latents: np.ndarray | Tensor | None = None,
        generator: torch.Generator | None = None,
        guidance_start: float = 0.0,
        guidance_end: float = 1.0,
        spacing: float = 1.0,
    ) -> np.ndarray:
        """Repaint a region after the fused exemplars.

        With one exemplar and alpha 0 this is diffusers' `PaintByExamplePipeline`. The whole frame passes through the
        autoencoder; nothing is pasted back.

        Parameters
        ----------
        image, mask, exemplars, alpha, seed, latents, generator
            See `Inpainting`.
        steps, guidance, sampler, posterior, guidance_start, guidance_end, spacing
            See `palmbench.diffusion.sampler.Sampling`.

        Returns
        -------
        ndarray of shape (H, W, 3), uint8
            Rounded, as diffusers does.

        Raises
        ------
        RequestError, SampleError
            See `repaint`.
        """
        sampling = Sampling(steps, guidance, sampler, posterior, guidance_start, guidance_end, spacing=spacing)
        painted = self.repaint(Inpainting(image, mask, exemplars, alpha, sampling, seed, latents, generator))
        return np.round(painted * 255).astype(np.uint8)

    def repaint(self, asked: Inpainting) -> np.ndarray:
        """`inpaint` before quantisation: float32 (H, W, 3) in [0, 1].

        Raises
        ------
        RequestError
            For sides that are no multiples of `factor`, a mask, exemplar or start noise of another shape or type, no
            exemplar, or settings out of range.
        SampleError
            If the networks give NaN.
        """
        if not 0 <= asked.alpha <= 1:
            raise RequestError(f"alpha is a share from 0 to 1, and is {asked.alpha}.")
        self.check_image(asked.image, asked.mask)
        check_exemplars(asked.exemplars)
        start = None if asked.latents is None else [self._start_noise(asked.latents, asked.mask)]
        of_original = asked.alpha > 0 or asked.sampling.strength < 1
        conditions = Conditions(
            background=self.moments([background_image(asked.image, asked.mask)])[0],
            original=self.moments([signed_image(asked.image)])[0] if of_original else None,
            mask=asked.mask,
            embeddings=self.embed(asked.exemplars),
            alpha=asked.alpha,
        )
        return self.paint([conditions], [asked.generator or noise_source(asked.seed)], asked.sampling, start)[0]

    def check_image(self, image: np.ndarray, mask: np.ndarray) -> None:
        """Raise RequestError unless image and mask have the types, shapes and sides that `inpaint` asks for."""
        if not is_photo(image):
            raise RequestError(f"The image must be uint8 (H, W, 3), and is {image.dtype} {image.shape}.")
        if mask.dtype != np.bool_ or mask.shape != image.shape[:2]:
            raise RequestError(
                f"The mask must be bool {image.shape[:2]}, True = repaint, and is {mask.dtype} {mask.shape}."
            )
        if image.shape[0] % self.factor or image.shape[1] % self.factor:
            raise RequestError(
                f"Height and width must be multiples of {self.factor} for these weights, "
                f"and the image is {image.shape[0]} x {image.shape[1]}."
            )

    @torch.inference_mode()
    def embed(self, exemplars: Sequence[np.ndarray]) -> Tensor:
        """Semantic-guided embeddings: uint8 RGB images to (n, dim) float32, after the encoder's last projection."""
        inputs = torch.stack([self._preprocess(exemplar) for exemplar in exemplars])
        parts = [self._encoder(part.to(self.device))[:, 0].float().cpu() for part in self._network_batches(inputs)]
        return torch.cat(parts)

    @torch.inference_mode()
    def moments(self, images: Sequence[Tensor]) -> Tensor:
        """Moments of the autoencoder's posterior: images (3, H, W) in [-1, 1] to (n, 2 * channels, h, w) float32."""
        batches = self._network_batches(torch.stack(list(images)))
        return torch.cat([self._vae.encode(part.to(self.device)).latent_dist.parameters.cpu() for part in batches])

    @torch.inference_mode()
    def paint(
        self,
        conditions: Sequence[Conditions],
        generators: Sequence[torch.Generator],
        sampling: Sampling,
        latents: Sequence[Tensor] | None = None,
    ) -> list[np.ndarray]:
        """Paint images of one size.

        Parameters
        ----------
        conditions : sequence of Conditions
        generators : sequence of torch.Generator
            One CPU generator an image: start noise first, then the noise of the background's posterior. The
            original's posterior has a generator of its own, named by the first one's seed, so that alpha = 0 is the
            same whether the original was encoded or not.
        sampling : Sampling
        latents : sequence of Tensor of shape (channels, h, w), optional
            Start noise instead of the generators'.

        Returns
        -------
        list of ndarray of shape (H, W, 3), float32
            In [0, 1].

        Raises
        ------
        RequestError
            If the sampler cannot take so many steps with these weights, or not begin there, see `require_steps` and
            `require_start`.
        SampleError
            If the networks give NaN: cut to uint8 it would be a black palm, which hides whose it was better than any
            painting.
        """
        require_steps(self._scheduler, sampling.sampler, sampling.steps, sampling.spacing)
        require_start(self._scheduler, sampling)
        noise, background, origins = [], [], []
        for index, (condition, generator) in enumerate(zip(conditions, generators, strict=True)):
            shape = (self._channels, *condition.background.shape[1:])
            noise.append(standard_normal(shape, generator) if latents is None else latents[index])
            drawing = generator if sampling.posterior == "sample" else None
            background.append(
                prior_of(condition.background, condition.original, condition.alpha, self._scaling, drawing)
            )
            if sampling.strength < 1:
                origins.append(latent_of_original(condition.original, self._scaling, drawing))
        inputs = (
            torch.stack(noise),
            torch.stack(background),
            torch.stack([keep_mask(condition.mask, self.factor) for condition in conditions]),
            torch.stack([fuse(condition.embeddings) for condition in conditions]),
            *([torch.stack(origins)] if origins else []),
        )
        painted: list[np.ndarray] = []
        for start, context, keep, token, *origin in zip(*map(self._network_batches, inputs), strict=True):
            decoded = self.decoded(start, context, keep, token, sampling, *origin)
            if not torch.isfinite(decoded).all():
                raise SampleError(
                    "the diffusion model gave NaN or infinite values: its weights are damaged, "
                    f"or the guidance of {sampling.guidance:g} is too strong for them"
                )
            painted += list(decoded.cpu().numpy())
        return painted

    @torch.inference_mode()
    def decoded(
        self,
        noise: Tensor,
        background: Tensor,
        keep: Tensor,
        token: Tensor,
        sampling: Sampling,
        origin: Tensor | None = None,
    ) -> Tensor:
        """From noise to images: (B, H, W, 3) float32 on the model's device, in [0, 1] unless the networks gave NaN.

        Parameters
        ----------
        noise, background, keep, origin
            See `palmbench.diffusion.sampler.denoise`; on any device.
        token : Tensor of shape (B, dim)
            Fused embeddings.
        sampling : Sampling
        """
        noise, background, keep, token = (each.to(self.device) for each in (noise, background, keep, token))
        scheduler = scheduler_for(self._scheduler, sampling)
        which = (sampling.sampler, sampling.steps, sampling.spacing)
        if which not in self._times:
            self._times[which] = self.denoiser.times(scheduler.timesteps.tolist())
        biases, alone = self._times[which], self.denoiser.vectors(token)
        pairs = zip(self._unconditional, alone, strict=True)
        both = [torch.cat([without.expand_as(vector), vector]) for without, vector in pairs]

        def predict(sample: Tensor, place: int, guided: bool) -> Tensor:
            return self._predict(sample, Condition(biases[place], both if guided else alone))

        origin = None if origin is None else origin.to(self.device)
        latents = denoise(predict, scheduler, noise, background, keep, sampling, self._dtype, origin)
        decoded = self._decode((latents / self._scaling).to(self._dtype, memory_format=torch.channels_last))
        return (decoded.float() / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)

    def _decoded_latents(self, latents: Tensor) -> Tensor:
        decoded: Tensor = self._vae.decode(latents).sample
        return decoded

    @torch.inference_mode()
    def _vectors(self, token: Tensor) -> list[Tensor]:
        return self.denoiser.vectors(token)

    def _start_noise(self, latents: np.ndarray | Tensor, mask: np.ndarray) -> Tensor:
        noise = torch.as_tensor(latents, dtype=torch.float32)
        shape = (self._channels, mask.shape[0] // self.factor, mask.shape[1] // self.factor)
        if tuple(noise.shape) not in (shape, (1, *shape)) or not torch.isfinite(noise).all():
            raise RequestError(f"The latents must be numbers of shape {shape}, and are of {tuple(noise.shape)}.")
        return noise.reshape(shape)

    def _network_batches(self, tensor: Tensor) -> tuple[Tensor, ...]:
        return tensor.split(1 if self.device.type == "cpu" else len(tensor))


def check_exemplars(exemplars: Sequence[np.ndarray]) -> None:
    """Raise RequestError unless there is an exemplar, and each is uint8 (h, w, 3)."""
    if len(exemplars) == 0:
        raise RequestError("Inpainting needs at least one exemplar.")
    for place, exemplar in enumerate(exemplars, 1):
        if not is_photo(exemplar):
            raise RequestError(
                f"Exemplars are a list of uint8 (h, w, 3), and number {place} is {exemplar.dtype} {exemplar.shape}."
            )


def is_photo(pixels: np.ndarray) -> bool:
    """Whether an array has the type and shape of an RGB image, and pixels."""
    return pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8 and pixels.size > 0
