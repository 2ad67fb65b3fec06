"""What a training run is made with, and how fast it learns at each moment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How the U-net is trained; everything that decides the weights besides the data and the network's shape.

    Attributes:
        batch_size: glyphs a step and process.
        muon_learning_rate: for matrices and convolutions (Muon).
        adamw_learning_rate: for all other parameters (AdamW).
        weight_decay: decoupled, for both.
        warmup_steps: the rate rises linearly from zero over these.
        decay_share: last part of the planned samples or hours over which the rate falls linearly to zero; 0 keeps it.
        ema_decay: of the averaged weights; they lag by about 1 / (1 - ema_decay) steps.
        max_grad_norm: gradients are scaled down to this norm.
        loss_balance: how far the noise levels' losses are made alike, from 0 (each sample counts as it is, Ho et al.
            2020) to 1 (each level counts the same, see `glyffuser.training.balance`).
        timestep_focus: how much more often the middle timesteps come than the ends, from 0 (all alike) to 1 (almost
            five times; see `glyffuser.training.batches.spread_timesteps`).
        timestep_shift: above 1, the timesteps crowd where noise is stronger than in the middle; below 1, where it is
            weaker.
        seed: decides data order, captions, timesteps and noise.
        max_samples: the run ends when this many samples of this plan are seen; None sets no end.
        max_hours: the run ends after this time of training, pauses not counted; None sets no end.

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
        """How much of the plan is done, from 0 to 1; 0 if the plan has no end.

        Args:
            num_samples: seen since the plan began.
            seconds: trained since the plan began.
        """
        by_samples = num_samples / self.max_samples if self.max_samples else float(self.max_samples == 0)
        by_hours = seconds / 3600 / self.max_hours if self.max_hours else float(self.max_hours == 0)
        return min(1.0, max(by_samples, by_hours))

    def rate_factor(self, step: int, progress: float) -> float:
        """What the learning rates are multiplied with: linear warm-up, constant, linear decay.

        Args:
            step: steps done since the optimizers were new.
            progress: from `progress`.
        """
        warm = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        remaining = (1 - progress) / self.decay_share if self.decay_share else 1.0
        return warm * min(1.0, remaining)
