import pytest
import torch

from glyffuser.training.balance import NUM_LEVELS, LossBalance

TIMESTEPS = torch.arange(0, 1000, 20)
LOSSES = torch.linspace(0.02, 0.5, NUM_LEVELS)


def observed(power: float) -> LossBalance:
    balance = LossBalance(power)
    for _ in range(5):
        balance.observe(TIMESTEPS, LOSSES)
    return balance


def test_every_level_counts_the_same():
    weighted = observed(1.0).weights(TIMESTEPS) * LOSSES
    assert torch.allclose(weighted, weighted.mean().expand_as(weighted))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_mean_weighted_loss_stays_the_same(power):
    weights = observed(power).weights(TIMESTEPS)
    assert torch.isclose((weights * LOSSES).mean(), LOSSES.mean())
    assert (weights == 1).all() if power == 0 else weights[0] > 1 > weights[-1]


def test_weights_are_one_before_losses_are_observed():
    assert (LossBalance(1.0).weights(TIMESTEPS) == 1).all()


def test_the_latest_losses_count_most():
    balance = observed(1.0)
    for _ in range(2000):
        balance.observe(TIMESTEPS, torch.ones(NUM_LEVELS))
    assert torch.allclose(balance.weights(TIMESTEPS), torch.ones(NUM_LEVELS), atol=1e-3)


def test_a_level_holds_twenty_timesteps():
    balance = LossBalance(1.0)
    balance.observe(torch.tensor([0, 19, 20, 999]), torch.tensor([1.0, 3.0, 5.0, 7.0]))
    assert (balance.shares > 0).nonzero().flatten().tolist() == [0, 1, 49]
    ratio = balance.weights(torch.tensor([19])) / balance.weights(torch.tensor([20]))
    assert torch.isclose(ratio, torch.tensor([2.5]))
