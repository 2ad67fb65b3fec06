"""Loss weights per noise level."""

import torch

NUM_LEVELS = 50
"""Noise levels with a running mean each: 20 of 1000 timesteps per level."""

DECAY = 0.995
"""Decay of the running means per batch; a mean covers about the latest 1 / (1 - 0.995) = 200 batches."""


class LossBalance:
    """Divides losses by a power of their noise level's running mean, so that no level dominates the gradient.

    Near pure noise the squared error is twenty times that of the last steps, where strokes get their edges, and most of
    it cannot be learnt. The uncertainty weighting of Karras et al. 2024 (EDM2, section 2.2), with running means in
    place of a learnt function.
    """

    def __init__(self, power: float, num_train_timesteps: int = 1000) -> None:
        """
        Args:
            power: 0 weights every sample equally (Ho et al. 2020), 1 gives every level the same weighted loss.
            num_train_timesteps: length of the schedule.
        """
        self.power = power
        self.width = num_train_timesteps / NUM_LEVELS
        self.means = torch.zeros(NUM_LEVELS, dtype=torch.float64)
        """Running mean of the loss at each level, cleanest first."""
        self.shares = torch.zeros(NUM_LEVELS, dtype=torch.float64)
        """Total weight of the observations in each mean, 0 to 1; means start at zero and are divided by it."""

    def weights(self, timesteps: torch.Tensor) -> torch.Tensor:
        """Factors for the losses at `timesteps` int64 (batch,); the mean loss over all levels stays the same.

        Returns:
            float32 (batch,).
        """
        means = torch.where(self.shares > 0, self.means / self.shares.clamp(min=1e-12), 1.0)
        level_weights = means.pow(-self.power) * means.mean() / means.pow(1 - self.power).mean()
        return level_weights[self._levels(timesteps)].float().to(timesteps.device)

    def observe(self, timesteps: torch.Tensor, losses: torch.Tensor) -> None:
        """Update the running means with a batch: int64 (batch,) and float (batch,)."""
        levels = self._levels(timesteps)
        counts = torch.bincount(levels, minlength=NUM_LEVELS)
        sums = torch.zeros_like(self.means).index_add_(0, levels, losses.detach().cpu().double())
        seen = counts > 0
        self.means[seen] = DECAY * self.means[seen] + (1 - DECAY) * (sums[seen] / counts[seen])
        self.shares[seen] = DECAY * self.shares[seen] + (1 - DECAY)

    def _levels(self, timesteps: torch.Tensor) -> torch.Tensor:
        return (timesteps.cpu() / self.width).long()
