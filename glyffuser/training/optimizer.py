"""Two optimizers for one network: Muon for what maps channels to channels, AdamW for the rest."""

import torch
from torch import nn
from torch.optim import AdamW, Optimizer

from glyffuser.training.recipe import Recipe

ENDS = ("conv_in", "conv_out", "time_embedding", "class_embedding", "encoder_hid_proj")
"""Parts of the U-net between its inner channels and the outside: pixels, time and text; AdamW's."""


class ConvolutionMuon(torch.optim.Muon):
    """Muon (Jordan et al. 2024) for convolutions, too: each is treated as the matrix (out, in x height x width).

    torch's Muon takes matrices alone, so it is given views; they share memory with the parameters, which must not be
    moved to another device afterwards.
    """

    def __init__(self, parameters: list[nn.Parameter], **settings) -> None:
        """
        Args:
            parameters: of two or more dimensions.
            **settings: as for `torch.optim.Muon`.
        """
        self.sources = parameters
        super().__init__([nn.Parameter(as_matrix(parameter.detach())) for parameter in parameters], **settings)

    @torch.no_grad()
    def step(self, closure=None):
        """Update the parameters from their gradients."""
        for source, matrix in zip(self.sources, self.param_groups[0]["params"], strict=True):
            matrix.grad = None if source.grad is None else as_matrix_like(source.grad, source)
        return super().step(closure)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the parameters and of their views."""
        super().zero_grad(set_to_none)
        for source in self.sources:
            source.grad = None


def as_matrix(weight: torch.Tensor) -> torch.Tensor:
    """A view of a weight (out, in, height, width) as a matrix (out, in x height x width).

    Channels-last weights give their columns in another order, which Muon's orthogonalisation does not care about.
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
    """Both optimizers, by name; call it when the network is on its device."""
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
