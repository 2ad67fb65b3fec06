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
    seed: int = 0
    max_samples: int | None = None
    max_hours: float | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if not 0 <= self.decay_share <= 1:
            raise ValueError(f"decay_share must lie between 0 and 1, got {self.decay_share}")
        if not 0 <= self.ema_decay < 1:
            raise ValueError(f"ema_decay must lie between 0 and 1, got {self.ema_decay}")
        if not 0 <= self.loss_balance <= 1:
            raise ValueError(f"loss_balance must lie between 0 and 1, got {self.loss_balance}")
        if not 0 <= self.timestep_focus <= 1:
            raise ValueError(f"timestep_focus must lie between 0 and 1, got {self.timestep_focus}")
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
