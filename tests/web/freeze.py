"""Values of the Python sampler that the browser's must reproduce: `python -m tests.web.freeze` writes frozen.json.

The browser's tests (`*.test.js`) read the file; `tests/test_frozen_values.py` says when it is stale.
"""

import json
import math
import sys
from dataclasses import asdict
from pathlib import Path
from unittest import mock

import torch

from glyffuser import guidance
from glyffuser.config import ModelConfig, SampleConfig
from glyffuser.diffusion import SAMPLERS, make_sampler, sample, training_scheduler
from glyffuser.pipeline import GlyffuserPipeline, initial_noise
from glyffuser.prior import GlyphPrior
from glyffuser.spacing import SPACINGS, spaced_timesteps
from glyffuser.unet import build_unet

FROZEN = Path(__file__).parent / "frozen.json"
SEEDS = [7, 4_000_000_000]
PIXELS = [0, 1, 8, 1023, 8191, 16383, 16384, 20000, 32767]
"""Some of the pixels of two glyphs."""


NUM_STEPS = (1, 2, 3, 7, 12, 16, 25, 50, 61, 96, 120)
"""Numbers of steps whose timesteps are compared."""


def freeze() -> dict:
    """Everything that is compared."""
    return {
        "seeds": SEEDS,
        "pixels": PIXELS,
        "randn": [_randn(seed) for seed in (0, 1, 42, 1_234_567_890, 4_294_967_295)],
        "alphas_cumprod": _numbers(training_scheduler().alphas_cumprod[::37]),
        "timesteps": {
            spacing: {steps: spaced_timesteps(steps, spacing) for steps in NUM_STEPS} for spacing in SPACINGS
        },
        "samplers": [_sampled(name, steps) for name in SAMPLERS for steps in (1, 2, 5, 14, 25, 61)],
        "prediction_types": [_sampled("ddim", 5, kind) for kind in ("epsilon", "v_prediction", "sample")],
        "guidance": [_guided(prompt, config) for prompt, config in _guidance_cases()],
    }


def _randn(seed: int) -> dict:
    generator = torch.Generator().manual_seed(seed)
    draws = [torch.randn(size, generator=generator) for size in (16_384, 20, 16_384, 16)]
    return {
        "seed": seed,
        "sizes": [len(draw) for draw in draws],
        "draws": [_numbers(draw[:: max(1, len(draw) // 16)]) for draw in draws],
        "sums_of_squares": [round(float(draw.double().square().sum()), 4) for draw in draws],
    }


def _sampled(name: str, steps: int, prediction_type: str = "v_prediction") -> dict:
    """A run with a smooth function in the place of the network, which is repeated in the browser's test."""

    def predict(x_t: torch.Tensor, timestep: int) -> torch.Tensor:
        return 0.3 * math.sin(timestep / 100) * x_t + 0.2 * x_t.cos()

    x_t, generators = initial_noise(SEEDS)
    sampler = make_sampler(name, training_scheduler(prediction_type), steps)
    frames = list(sample(predict, x_t, sampler, sampler.timesteps.tolist(), generators))
    middle = frames[len(frames) // 2]
    return {
        "sampler": name,
        "steps": steps,
        "prediction_type": prediction_type,
        "middle": {"timestep": middle.timestep, "next_timestep": middle.next_timestep, **_pictures(middle)},
        "last": _pictures(frames[-1]),
    }


def _guidance_cases() -> list[tuple[str, SampleConfig]]:
    return [
        ("gold", SampleConfig(num_inference_steps=9)),
        ("", SampleConfig(num_inference_steps=9)),
        ("gold", SampleConfig(num_inference_steps=5, guidance_scale=1.0, pag_scale=0.0, sampler="dpm++")),
        ("gold", SampleConfig(7, 7.5, "ddim", (0, 600), 2.0, (600, 999), "even")),
    ]


def _guided(prompt: str, config: SampleConfig) -> dict:
    """A run of the pipeline with a function in the place of the network that tells the three kinds of rows apart."""
    rows = []
    pipeline = GlyffuserPipeline(
        build_unet(ModelConfig(block_out_channels=(32,), num_attention_heads=(1,))),  # not called
        GlyphPrior(((9, "left-right"),), hidden_channels=(16, 16), num_folds=1),
        training_scheduler(),
    )

    def predict(unet, x_t, timesteps, conditioning, num_perturbed=0, **_):
        rows.append(len(x_t) // len(SEEDS))
        is_null = (conditioning.class_labels == 0).all(dim=1) & bool(prompt)
        is_perturbed = torch.arange(len(x_t)) >= len(x_t) - num_perturbed
        offset = 0.1 * is_null.float() - 0.15 * is_perturbed.float()
        return 0.3 * x_t + (0.2 + offset[:, None, None, None]) * x_t.cos()

    with mock.patch.object(guidance, "predict", predict):
        *_, last = pipeline.stream([prompt] * len(SEEDS), SEEDS, config)
    return {"prompt": prompt, "config": asdict(config), "rows": rows, "last": _pictures(last)}


def _pictures(frame) -> dict:
    return {name: _numbers(getattr(frame, name).flatten()[PIXELS]) for name in ("x_t", "pred_x_0")}


def _numbers(values: torch.Tensor) -> list[float]:
    return [round(float(value), 7) for value in values]


def main() -> int:
    """Write the file; returns the exit status."""
    FROZEN.write_text(json.dumps(freeze(), indent=1) + "\n", encoding="utf-8")
    print(FROZEN)
    return 0


if __name__ == "__main__":
    sys.exit(main())
