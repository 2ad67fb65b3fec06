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

    def __init__(self, power: float, num_train_timesteps: int = 1000, device: torch.device | str = "cpu") -> None:
        """
        Args:
            power: 0 weights every sample equally (Ho et al. 2020), 1 gives every level the same weighted loss.
            num_train_timesteps: length of the schedule.
            device: where the means are kept, that of the losses: a step needs no copy to or from it.
        """
        self.power = power
        self.width = num_train_timesteps / NUM_LEVELS
        self.means = torch.zeros(NUM_LEVELS, device=device)
        """Running mean of the loss at each level, cleanest first."""
        self.shares = torch.zeros(NUM_LEVELS, device=device)
        """Total weight of the observations in each mean, 0 to 1; means start at zero and are divided by it."""

    def weights(self, timesteps: torch.Tensor) -> torch.Tensor:
        """Factors for the losses at `timesteps` int64 (batch,); the mean loss over all levels stays the same.

        Returns:
            float32 (batch,).
        """
        means = torch.where(self.shares > 0, self.means / self.shares.clamp(min=1e-12), 1.0)
        level_weights = means.pow(-self.power) * means.mean() / means.pow(1 - self.power).mean()
        return level_weights[self._levels(timesteps)]

    def observe(self, timesteps: torch.Tensor, losses: torch.Tensor) -> None:
        """Update the running means with a batch: int64 (batch,) and float (batch,)."""
        is_level = self._levels(timesteps)[:, None] == torch.arange(NUM_LEVELS, device=timesteps.device)
        counts = is_level.sum(dim=0)
        latest = (is_level * losses.detach()[:, None]).sum(dim=0) / counts.clamp(min=1)
        seen = counts > 0
        self.means = torch.where(seen, DECAY * self.means + (1 - DECAY) * latest, self.means)
        self.shares = torch.where(seen, DECAY * self.shares + (1 - DECAY), self.shares)

    def _levels(self, timesteps: torch.Tensor) -> torch.Tensor:
        return (timesteps / self.width).long()
