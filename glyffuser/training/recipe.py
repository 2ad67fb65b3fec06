"""Hyperparameters of a training run, its plan and its learning rate schedule."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the trained weights besides the data and the network's architecture.

    Attributes:
        batch_size: glyphs per step and process.
        muon_learning_rate: for matrices and convolutions (Muon).
        adamw_learning_rate: for all other parameters (AdamW).
        weight_decay: decoupled, for both optimizers.
        warmup_steps: steps over which the learning rates rise linearly from zero.
        decay_share: last part of the planned samples or hours, over which the learning rates fall linearly to zero;
            0 for no decay.
        ema_decay: of the averaged weights, which lag by about 1 / (1 - ema_decay) steps.
        max_grad_norm: larger gradients are scaled down to this norm.
        loss_balance: weighting of the noise levels, from 0 (every sample counts the same, Ho et al. 2020) to 1 (every
            level counts the same, see `glyffuser.training.balance`).
        timestep_focus: preference for middle timesteps, from 0 (uniform) to 1 (almost five times as often as the ends;
            see `glyffuser.training.batches.spread_timesteps`).
        timestep_shift: above 1, the preferred timesteps have stronger noise than the middle ones; below 1, weaker
            noise.
        overshoot_weight: weight of errors beyond paper or ink, where glyphs are clipped anyway; 1 for the plain squared
            error.
        token_dropout: share of a caption's tokens that are masked, from 0 to 1.
        text_noise: standard deviation of the noise that is added to the sentence vector, whose channels have 1.
        seed: decides initial weights, data order, captions, timesteps and noise.
        max_samples: samples after which the plan is complete; None for no limit.
        max_hours: hours of training, pauses not counted, after which the plan is complete; None for no limit.

    Raises:
        ValueError: if a number is out of its range.
    """

    batch_size: int = 64
    muon_learning_rate: float = 0.025
    adamw_learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup_steps: int = 50
    decay_share: float = 0.2
    ema_decay: float = 0.998
    max_grad_norm: float = 1.0
    loss_balance: float = 0.5
    timestep_focus: float = 0.8
    timestep_shift: float = 1.0
    overshoot_weight: float = 0.1
    token_dropout: float = 0.0
    text_noise: float = 0.0
    seed: int = 0
    max_samples: int | None = None
    max_hours: float | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if not 0 <= self.ema_decay < 1:
            raise ValueError(f"ema_decay must lie between 0 and 1, got {self.ema_decay}")
        for name in ("decay_share", "loss_balance", "timestep_focus", "overshoot_weight", "token_dropout"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        if not self.timestep_shift > 0:
            raise ValueError(f"timestep_shift must be more than 0, got {self.timestep_shift}")
        for name, value in vars(self).items():
            if value is not None and not value >= 0:  # NaN is neither more nor less
                raise ValueError(f"{name} must be 0 or more, got {value}")

    def progress(self, num_samples: int, seconds: float) -> float:
        """Completed part of the plan, from 0 to 1; 0 if the plan has no limit.

        Args:
            num_samples: samples seen since the plan began.
            seconds: seconds trained since the plan began.
        """
        by_samples = num_samples / self.max_samples if self.max_samples else float(self.max_samples == 0)
        by_hours = seconds / 3600 / self.max_hours if self.max_hours else float(self.max_hours == 0)
        return min(1.0, max(by_samples, by_hours))

    def rate_factor(self, step: int, progress: float) -> float:
        """Factor for the learning rates: linear warm-up, constant, linear decay.

        Args:
            step: steps taken since the optimizers were created.
            progress: from `progress`.
        """
        warm = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        remaining = (1 - progress) / self.decay_share if self.decay_share else 1.0
        return warm * min(1.0, remaining)


@dataclass(frozen=True)
class Preset:
    """A recipe that was measured, and how often its run is.

    Attributes:
        recipe: without a plan.
        error_samples: training samples between two measurements of errors; 0 for none.
        grid_samples: training samples between two sample grids.
    """

    recipe: Recipe
    error_samples: int
    grid_samples: int


TRAINING_PRESETS = {
    # 24 to 30 samples a second
    "two-cores": Preset(Recipe(), error_samples=20_000, grid_samples=40_000),
    # 6,000 samples a second on an H200: held-out error at log-SNR -4 from .183 to .125 in 950 seconds
    "one-gpu": Preset(
        Recipe(
            batch_size=1024,
            muon_learning_rate=0.03,
            warmup_steps=100,
            decay_share=0.5,
            timestep_shift=1.5,
            token_dropout=0.15,
            text_noise=0.3,
        ),
        error_samples=600_000,
        grid_samples=600_000,
    ),
}
"""Rows of `--recipe` for training."""

DISTILLATION_PRESETS = {
    # losses are balanced, since those of the four segments differ by a factor of forty; errors are not measured, since
    # a student predicts where the teacher arrives, not the mean of all glyphs
    "two-cores": Preset(
        Recipe(muon_learning_rate=0.01, adamw_learning_rate=1e-3, loss_balance=1.0),
        error_samples=0,
        grid_samples=40_000,
    ),
    # 1,050 samples a second on an H200, 509,440 in all
    "one-gpu": Preset(
        Recipe(
            batch_size=512,
            muon_learning_rate=0.012,
            adamw_learning_rate=1e-3,
            decay_share=0.6,
            ema_decay=0.99,
            loss_balance=1.0,
        ),
        error_samples=0,
        grid_samples=60_000,
    ),
}
"""Rows of `--recipe` for distillation."""
