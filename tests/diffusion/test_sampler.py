from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, PNDMScheduler

from palmbench.diffusion.sampler import (
    Sampling,
    denoise,
    make_scheduler,
    require_start,
    require_steps,
    scheduler_for,
)
from recognizers.common.errors import RequestError

SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
PLMS = SCHEDULE | {"_class_name": "PNDMScheduler", "steps_offset": 1, "set_alpha_to_one": False}
ZERO_SNR = SCHEDULE | {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}


class Oracle:
    """The perfect network for a data set of one latent; it remembers what it was asked."""

    def __init__(self, schedule: dict, data: torch.Tensor) -> None:
        self.signal = make_scheduler(schedule, "dpmsolver++").alphas_cumprod
        self.velocity = schedule.get("prediction_type") == "v_prediction"
        self.data = data
        self.steps: list[int] = []
        self.calls: list[tuple[int, torch.Tensor, bool]] = []

    def __call__(self, sample, place, guided):
        self.calls.append((self.steps[place], sample.clone(), guided))
        noisy = sample[:, :4]
        signal = self.signal[self.steps[place]]
        noise = (noisy - signal.sqrt() * self.data) / (1 - signal).sqrt()
        velocity = signal.sqrt() * noise - (1 - signal).sqrt() * self.data
        predicted = velocity if self.velocity else noise
        return torch.cat([predicted, predicted]) if guided else predicted


# PLMS stops at the schedule's first noise level, of standard deviation 0.03; the other goes to zero.
@pytest.mark.parametrize(
    ("schedule", "sampler", "calls", "tolerance"),
    [(PLMS, "plms", 21, 0.1), (PLMS, "dpmsolver++", 20, 1e-3), (ZERO_SNR, "dpmsolver++", 20, 1e-3)],
)
def test_a_perfect_network_is_sampled_back_to_its_data(schedule, sampler, calls, tolerance):
    data = torch.linspace(-1, 1, 4 * 2 * 2).reshape(1, 4, 2, 2)
    oracle = Oracle(schedule, data)
    latents = run(oracle, schedule, sampler, steps=20)
    assert len(oracle.calls) == calls
    assert (latents - data).abs().max() < tolerance


@pytest.mark.parametrize(
    ("sampler", "theirs"),
    [
        ("plms", PNDMScheduler(**SCHEDULE, skip_prk_steps=True, steps_offset=1, set_alpha_to_one=False)),
        ("dpmsolver++", DPMSolverMultistepScheduler(**SCHEDULE, algorithm_type="dpmsolver++", solver_order=2)),
    ],
)
def test_steps_are_those_of_diffusers_schedulers_of_the_papers_kind(sampler, theirs):
    def network(sample, token):
        return torch.tanh(sample[:, :4] + 0.3 * sample[:, 4:8]) + token.mean(dim=1)[:, None, None, None]

    generator = torch.Generator().manual_seed(1)
    noise, background = torch.randn(2, 2, 4, 2, 2, generator=generator)
    token, unconditional = torch.randn(2, 8, generator=generator), torch.randn(1, 8, generator=generator).expand(2, 8)
    keep = torch.ones(2, 1, 2, 2)
    sampling = Sampling(12, 3.0, sampler)
    ours = denoise(
        lambda sample, place, guided: torch.cat([network(sample, unconditional), network(sample, token)]),
        scheduler_for(PLMS, sampling), noise, background, keep, sampling,
    )  # fmt: skip
    theirs.set_timesteps(12)
    expected, context = noise, torch.cat([background, keep], dim=1)
    for step in theirs.timesteps:
        seen = torch.cat([expected, context], dim=1)
        without, with_token = network(seen, unconditional), network(seen, token)
        expected = theirs.step(without + 3 * (with_token - without), step, expected).prev_sample
    torch.testing.assert_close(ours, expected)


def test_at_one_and_below_guidance_is_off():
    oracle, weak = (Oracle(PLMS, torch.ones(1, 4, 2, 2)) for _ in range(2))
    assert torch.equal(run(oracle, PLMS, "plms", 3, guidance=1.0), run(weak, PLMS, "plms", 3, guidance=0.5))
    assert not any(guided for _, _, guided in oracle.calls + weak.calls)


def test_weights_that_start_from_pure_noise_are_asked_for_their_last_step_first():
    oracle = Oracle(ZERO_SNR, torch.zeros(1, 4, 2, 2))
    run(oracle, ZERO_SNR, "dpmsolver++", steps=20)
    assert [call[0] for call in oracle.calls[:2]] == [999, 949]
    with pytest.raises(RequestError, match=r"dpmsolver\+\+"):
        make_scheduler(ZERO_SNR, "plms")


@pytest.mark.parametrize(
    ("schedule", "sampler"),
    [(PLMS, "plms"), (PLMS, "dpmsolver++"), (PLMS | {"timestep_spacing": "leading"}, "dpmsolver++"),
     (ZERO_SNR, "dpmsolver++")],
)  # fmt: skip
def test_numbers_of_steps_that_begin_amid_the_noise_levels_are_refused(schedule, sampler):
    for steps in (1, 2, 20, 50, 250, 300, 334, 400, 498, 499, 500, 501, 600, 900, 998, 999, 1000, 1001):
        try:
            require_steps(schedule, sampler, steps)
        except RequestError:
            assert steps >= 250
            continue
        assert steps <= 1000
        scheduler = make_scheduler(schedule, sampler)
        scheduler.set_timesteps(steps)
        first = int(scheduler.timesteps[0])
        # The noisiest of evenly spaced steps is at most one stride, and the tenth of the levels, below the last level.
        assert 1000 * (1 - 1 / (steps + (sampler != "plms"))) - 101 <= first < 1000, (steps, first)
        assert len(set(scheduler.timesteps.tolist())) >= steps


def test_a_number_of_steps_that_is_refused_is_answered_with_one_that_is_not():
    with pytest.raises(RequestError, match=r"plms .* 1000 noise levels .* in 600 steps.* is 500\."):
        require_steps(PLMS, "plms", 600)
    with pytest.raises(RequestError, match=r"in 1000 steps.* is 999\."):
        require_steps(PLMS, "plms", 1000)
    require_steps(PLMS, "plms", 999)


def test_spaced_steps_begin_at_the_noisiest_level_and_lie_closer_where_there_is_less_noise():
    steps = scheduler_for(ZERO_SNR, Sampling(8, sampler="dpmsolver++", spacing=2.0)).timesteps
    assert steps.tolist() == [999, 765, 561, 390, 249, 140, 61, 15]


@pytest.mark.parametrize("schedule", [PLMS, ZERO_SNR])
def test_a_perfect_network_is_sampled_back_in_spaced_steps(schedule):
    data = torch.linspace(-1, 1, 4 * 2 * 2).reshape(1, 4, 2, 2)
    oracle = Oracle(schedule, data)
    latents = run(oracle, schedule, "dpmsolver++", steps=8, spacing=2.0)
    assert len(oracle.calls) == 8 and (latents - data).abs().max() < 1e-3


def test_spaced_steps_are_no_plms_and_meet_no_level_twice():
    with pytest.raises(RequestError, match=r"method\.spacing=1"):
        require_steps(PLMS, "plms", 8, 2.0)
    with pytest.raises(RequestError, match=r"in 100 steps.* is (\d+)\.") as told:
        require_steps(PLMS, "dpmsolver++", 100, 2.0)
    most = int(str(told.value).split()[-1].rstrip("."))
    assert len(set(scheduler_for(PLMS, Sampling(most, sampler="dpmsolver++", spacing=2.0)).timesteps.tolist())) == most
    with pytest.raises(RequestError, match="spacing is an exponent"):
        Sampling(spacing=0.5)


def test_the_network_sees_latent_background_and_mask():
    oracle = Oracle(PLMS, torch.zeros(1, 4, 2, 2))
    run(oracle, PLMS, "plms", steps=2)
    _, sample, guided = oracle.calls[0]
    assert guided and sample.shape == (1, 9, 2, 2)
    assert sample[0, 4:8].unique().tolist() == [7.0]
    assert sample[0, 8].unique().tolist() == [1.0]


@pytest.mark.parametrize(
    ("start", "end", "guided"),
    [(0.0, 1.0, [1, 1, 1, 1]), (0.25, 0.75, [0, 1, 1, 0]), (0.0, 0.5, [1, 1, 0, 0]), (0.5, 0.5, [0, 0, 0, 0])],
)
def test_guidance_is_on_in_its_part_of_the_steps(start, end, guided):
    oracle = Oracle(PLMS, torch.zeros(1, 4, 2, 2))
    run(oracle, PLMS, "dpmsolver++", 4, guidance_start=start, guidance_end=end)
    assert [call[2] for call in oracle.calls] == guided


class Echo:
    """A scheduler of one step, whose latent is what was predicted."""

    init_noise_sigma = 1.0
    timesteps = torch.tensor([1])

    def scale_model_input(self, sample, step):
        return sample

    def step(self, predicted, step, latents):
        return SimpleNamespace(prev_sample=predicted)


def test_guidance_extrapolates_from_the_prediction_without_a_condition():
    def network(sample, place, guided):
        return torch.tensor([-1.0, 2.0] if guided else [2.0])[:, None, None, None].expand(-1, 4, 2, 2)

    inputs = torch.zeros(1, 4, 2, 2), torch.zeros(1, 4, 2, 2), torch.ones(1, 1, 2, 2)
    assert denoise(network, Echo(), *inputs, Sampling(1, guidance=3.0)).unique().tolist() == [8.0]
    assert denoise(network, Echo(), *inputs, Sampling(1, guidance=1.0)).unique().tolist() == [2.0]


def run(
    oracle: Oracle, schedule: dict, sampler: str, steps: int, guidance: float = 3.0, **interval: float
) -> torch.Tensor:
    sampling = Sampling(steps, guidance, sampler, **interval)
    scheduler = scheduler_for(schedule, sampling)
    oracle.steps = [int(step) for step in scheduler.timesteps]
    return denoise(
        oracle,
        scheduler,
        noise=torch.randn(1, 4, 2, 2, generator=torch.Generator().manual_seed(0)),
        background=torch.full((1, 4, 2, 2), 7.0),
        keep=torch.ones(1, 1, 2, 2),
        sampling=sampling,
    )


@pytest.mark.parametrize("schedule", [PLMS, ZERO_SNR])
def test_a_strength_takes_the_last_steps_from_the_noised_origin(schedule):
    origin, noise = torch.linspace(-1, 1, 16).reshape(1, 4, 2, 2), torch.randn(1, 4, 2, 2)
    oracle = Oracle(schedule, origin)
    scheduler = make_scheduler(schedule, "dpmsolver++")
    scheduler.set_timesteps(20)
    oracle.steps = [int(step) for step in scheduler.timesteps]
    sampling = Sampling(20, guidance=1.0, strength=0.4)
    latents = denoise(
        oracle, scheduler, noise, torch.zeros_like(noise), torch.ones(1, 1, 2, 2), sampling, origin=origin
    )
    assert len(oracle.calls) == 8
    begins, seen, _ = oracle.calls[0]
    assert abs(begins - 0.4 * 1000) <= 10
    signal = oracle.signal[begins]
    torch.testing.assert_close(seen[:, :4], signal.sqrt() * origin + (1 - signal).sqrt() * noise, atol=2e-2, rtol=0)
    assert (latents - origin).abs().max() < 1e-3


def test_plms_cannot_begin_in_the_middle():
    require_start(PLMS, Sampling(strength=1.0))
    require_start(PLMS, Sampling(strength=0.5, sampler="dpmsolver++"))
    for sampler in ("plms", None):
        with pytest.raises(RequestError):
            require_start(PLMS, Sampling(strength=0.5, sampler=sampler))
