"""How much each noise level counts in training."""

import torch

NUM_LEVELS = 50
DECAY = 0.995
"""Of the running means, a batch; a level keeps about two hundred of its latest batches in mind."""


class LossBalance:
    """Weighs losses by what is usual at their noise level, so that the hopeless ones do not drown out the others.

    Near pure noise the squared error is twenty times that of the last steps, where strokes get their edges, and most of
    it can never be learnt. Divided by its usual size, every level counts the same: the uncertainty weighting of Karras
    et al. 2024 (EDM2, section 2.2) with running means in place of a learnt function.
    """

    def __init__(self, power: float, num_train_timesteps: int = 1000) -> None:
        """
        Args:
            power: 1 lets every level count the same, 0 every sample as it is, as in Ho et al. 2020.
            num_train_timesteps: length of the schedule.
        """
        self.power = power
        self.width = num_train_timesteps / NUM_LEVELS
        self.means = torch.zeros(NUM_LEVELS, dtype=torch.float64)
        """Running mean of the loss at each level, cleanest first."""
        self.shares = torch.zeros(NUM_LEVELS, dtype=torch.float64)
        """How much of each mean has been observed, from 0 to 1."""

    def weights(self, timesteps: torch.Tensor) -> torch.Tensor:
        """What the losses at `timesteps` int64 (batch,) are multiplied with; their usual sum stays what it was.

        Returns:
            float32 (batch,).
        """
        usual = torch.where(self.shares > 0, self.means / self.shares.clamp(min=1e-12), 1.0)
        level_weights = usual.pow(-self.power) * usual.mean() / usual.pow(1 - self.power).mean()
        return level_weights[self._levels(timesteps)].float().to(timesteps.device)

    def observe(self, timesteps: torch.Tensor, losses: torch.Tensor) -> None:
        """Bring the means up to date: int64 (batch,) and float (batch,)."""
        levels = self._levels(timesteps)
        counts = torch.bincount(levels, minlength=NUM_LEVELS)
        sums = torch.zeros_like(self.means).index_add_(0, levels, losses.detach().cpu().double())
        seen = counts > 0
        self.means[seen] = DECAY * self.means[seen] + (1 - DECAY) * (sums[seen] / counts[seen])
        self.shares[seen] = DECAY * self.shares[seen] + (1 - DECAY)

    def _levels(self, timesteps: torch.Tensor) -> torch.Tensor:
        return (timesteps.cpu() / self.width).long()
