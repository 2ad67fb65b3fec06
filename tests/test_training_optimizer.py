import pytest
import torch
from torch import nn

from glyffuser.config import ModelConfig
from glyffuser.training.optimizer import ConvolutionMuon, as_matrix, make_optimizers, set_rates, split_parameters
from glyffuser.training.recipe import Recipe
from glyffuser.unet import build_unet

SETTINGS = {"lr": 0.1, "weight_decay": 0.01, "momentum": 0.9}


@pytest.fixture(scope="module")
def unet():
    torch.manual_seed(0)
    return build_unet(ModelConfig(block_out_channels=(32, 32), num_attention_heads=(1, 1), cross_attention_dim=32))


def test_every_parameter_has_exactly_one_optimizer(unet):
    inner, rest = split_parameters(unet)
    assert not inner.keys() & rest.keys()
    assert inner.keys() | rest.keys() == dict(unet.named_parameters()).keys()
    assert all(value.ndim >= 2 for value in inner.values())
    assert {"conv_in.weight", "conv_out.weight", "class_embedding.linear_1.weight"} <= rest.keys()


def convolution(memory_format) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(6, 4, 3, bias=False).to(memory_format=memory_format)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_convolution_is_updated_as_a_matrix(memory_format):
    layer = convolution(memory_format)
    matrix = nn.Parameter(as_matrix(layer.weight.detach()).clone())
    ours, theirs = ConvolutionMuon([layer.weight], **SETTINGS), torch.optim.Muon([matrix], **SETTINGS)
    for seed in range(3):
        torch.manual_seed(seed)
        gradient = torch.randn(4, 6, 3, 3).to(memory_format=memory_format)
        layer.weight.grad, matrix.grad = gradient, as_matrix(gradient).clone()
        ours.step(), theirs.step()
    assert torch.equal(as_matrix(layer.weight.detach()), matrix)


def test_the_memory_format_does_not_change_the_update():
    plain, last = convolution(torch.contiguous_format), convolution(torch.channels_last)
    gradient = torch.randn(4, 6, 3, 3)
    for layer in (plain, last):
        before = layer.weight.detach().clone()
        layer.weight.grad = gradient.clone()
        ConvolutionMuon([layer.weight], **SETTINGS).step()
        assert (layer.weight - before).abs().max() > 0.01
    assert torch.allclose(plain.weight, last.weight, atol=0.01)  # Muon computes in bfloat16


def test_the_update_of_a_new_momentum_is_nearly_orthogonal():
    weight = nn.Parameter(torch.zeros(8, 8))
    weight.grad = torch.randn(8, 8)
    ConvolutionMuon([weight], lr=1.0, weight_decay=0).step()
    singular = torch.linalg.svdvals(weight.detach())
    assert singular.min() > 0.3 and singular.max() < 1.4


def test_zero_grad_drops_gradients_of_parameters_and_views():
    layer = convolution(torch.channels_last)
    optimizer = ConvolutionMuon([layer.weight], **SETTINGS)
    layer.weight.grad = torch.ones_like(layer.weight)
    optimizer.step()
    optimizer.zero_grad()
    before = layer.weight.detach().clone()
    optimizer.step()
    assert layer.weight.grad is None and torch.equal(layer.weight, before)


def test_both_rates_follow_the_factor(unet):
    recipe = Recipe(muon_learning_rate=0.02, adamw_learning_rate=0.004)
    optimizers = make_optimizers(unet, recipe)
    set_rates(optimizers, recipe, 0.5)
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in optimizers.items()}
    assert rates == {"muon": 0.01, "adamw": 0.002}
