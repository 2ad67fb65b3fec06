"""How alike two sets of glyphs are as wholes, in the features of the radical reader."""

from dataclasses import dataclass

import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance


@dataclass(frozen=True)
class Distance:
    """Two distances between two sets of features; 0 for the same distribution.

    Attributes:
        frechet: between the Gaussians of the same mean and covariance (Heusel et al. 2017); grows as sets shrink.
        kernel: squared maximum mean discrepancy with a cubic kernel (Bińkowski et al. 2018), unbiased: around 0,
            even below it, for two halves of one set.
    """

    frechet: float
    kernel: float


class _AsTheyAre(nn.Module):
    """torchmetrics asks for a network that gives features; ours are there already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def distance(generated: torch.Tensor, real: torch.Tensor) -> Distance:
    """Distance of two sets of features.

    Args:
        generated: float (glyphs, channels).
        real: float (glyphs, channels).
    """
    network = _AsTheyAre(real.shape[1])
    frechet = FrechetInceptionDistance(network).set_dtype(torch.float64)
    kernel = KernelInceptionDistance(network, subsets=1, subset_size=min(len(generated), len(real)))
    for metric in (frechet, kernel):
        metric.update(real.double(), real=True)
        metric.update(generated.double(), real=False)
    return Distance(float(frechet.compute()), float(kernel.compute()[0]))
