"""Two optimizers for one network: Muon for inner matrices and convolutions, AdamW for all other parameters."""

from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Optimizer

from glyffuser.training.recipe import Recipe

ENDS = ("conv_in", "conv_out", "time_embedding", "class_embedding", "encoder_hid_proj")
"""Layers between the U-net's inner channels and its inputs and outputs (pixels, time, text); trained by AdamW."""


class ConvolutionMuon(torch.optim.Muon):
    """Muon (Jordan et al. 2024) that also takes convolutions, each as the matrix (out, in x height x width).

    torch's Muon takes matrices only, so it gets views that share memory with the parameters; the parameters must not
    be moved to another device afterwards.
    """

    def __init__(self, parameters: list[nn.Parameter], **settings: Any) -> None:
        """
        Args:
            parameters: of two or more dimensions.
            **settings: as for `torch.optim.Muon`.
        """
        self.sources = parameters
        super().__init__([nn.Parameter(as_matrix(parameter.detach())) for parameter in parameters], **settings)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Update the parameters from their gradients; `closure` and the result as of `torch.optim.Muon`."""
        for source, matrix in zip(self.sources, self.param_groups[0]["params"], strict=True):
            matrix.grad = None if source.grad is None else as_matrix_like(source.grad, source)
        return super().step(closure)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of the parameters and of their views."""
        super().zero_grad(set_to_none)
        for source in self.sources:
            source.grad = None


def as_matrix(weight: torch.Tensor) -> torch.Tensor:
    """A view of a weight (out, in, height, width) as a matrix (out, in x height x width).

    The columns of channels-last weights come in another order, which does not change Muon's orthogonalisation.
    """
    if weight.ndim == 4 and not weight.is_contiguous():
        weight = weight.permute(0, 2, 3, 1)
    return weight.view(len(weight), -1)


def as_matrix_like(gradient: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The gradient of a weight with its columns in the order of `as_matrix(weight)`."""
    if weight.ndim == 4 and not weight.is_contiguous():
        gradient = gradient.permute(0, 2, 3, 1)
    return gradient.reshape(len(gradient), -1)


def split_parameters(unet: nn.Module) -> tuple[dict[str, nn.Parameter], dict[str, nn.Parameter]]:
    """The parameters by name: those for Muon, and those for AdamW."""
    named = dict(unet.named_parameters())
    inner = {name for name, value in named.items() if value.ndim >= 2 and not name.startswith(ENDS)}
    return (
        {name: value for name, value in named.items() if name in inner},
        {name: value for name, value in named.items() if name not in inner},
    )


def make_optimizers(unet: nn.Module, recipe: Recipe) -> dict[str, Optimizer]:
    """Both optimizers by name, for a network that is on its final device already."""
    inner, rest = split_parameters(unet)
    return {
        "muon": ConvolutionMuon(
            list(inner.values()),
            lr=recipe.muon_learning_rate,
            momentum=0.95,
            weight_decay=recipe.weight_decay,
        ),
        "adamw": AdamW(
            list(rest.values()), lr=recipe.adamw_learning_rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay
        ),
    }


def set_rates(optimizers: dict[str, Optimizer], recipe: Recipe, factor: float) -> None:
    """Set both learning rates for the next step."""
    for name, rate in (("muon", recipe.muon_learning_rate), ("adamw", recipe.adamw_learning_rate)):
        for group in optimizers[name].param_groups:
            group["lr"] = rate * factor
