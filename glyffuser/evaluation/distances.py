"""Fréchet and kernel distance between two sets of glyphs, in the features of the radical classifier."""

from dataclasses import dataclass

import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance


@dataclass(frozen=True)
class Distances:
    """Distances between two sets of features; 0 for equal distributions.

    Attributes:
        frechet: Fréchet distance of the Gaussians of equal mean and covariance (Heusel et al. 2017). It is biased: the
            smaller the sets, the greater it is.
        kernel: squared maximum mean discrepancy (MMD) with a cubic kernel (Bińkowski et al. 2018). It is unbiased: for
            two samples of one distribution it is around 0, also below.
    """

    frechet: float
    kernel: float


class _GivenFeatures(nn.Identity):
    """In place of torchmetrics' feature extractor, since the features are computed before."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features


def feature_distances(generated: torch.Tensor, real: torch.Tensor) -> Distances:
    """Compute both distances between two sets of features.

    Args:
        generated: float (glyphs, channels).
        real: float (glyphs, channels).
    """
    extractor = _GivenFeatures(real.shape[1])
    frechet = FrechetInceptionDistance(extractor).set_dtype(torch.float64)
    kernel = KernelInceptionDistance(extractor, subsets=1, subset_size=min(len(generated), len(real)))
    for metric in (frechet, kernel):
        metric.update(real.double(), real=True)
        metric.update(generated.double(), real=False)
    return Distances(float(frechet.compute()), float(kernel.compute()[0]))
