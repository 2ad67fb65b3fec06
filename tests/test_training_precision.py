import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from tiny import TINY

from glyffuser.diffusion import training_scheduler
from glyffuser.training import loop, precision
from glyffuser.training.batches import Batch
from glyffuser.training.precision import PRECISIONS, faster_precision, prepare_for_training
from glyffuser.training.recipe import Recipe
from glyffuser.training.state import build_state
from glyffuser.unet import Conditioning, build_unet, predict

CPU = torch.device("cpu")


def conditioning_for(batch: int) -> Conditioning:
    return Conditioning(
        torch.randn(batch, 4, 384),
        torch.ones(batch, 4, dtype=torch.bool),
        torch.randn(batch, 384),
        torch.randn(batch, 1, 32, 32),
    )


@pytest.fixture
def calls(monkeypatch) -> list:
    """How the network computed in each call: mode, attention, autocast, and the number of its gradients so far."""
    found = []

    def spy(unet, *args, **kwargs):
        (is_fused,) = {processor.is_fused for processor in unet.attn_processors.values()}
        num_gradients = sum(parameter.grad is not None for parameter in unet.parameters())
        found.append((unet.training, is_fused, torch.is_autocast_enabled("cpu"), num_gradients))
        return predict(unet, *args, **kwargs)

    monkeypatch.setattr(precision, "predict", spy)
    return found


class RandomBatches:
    """Batches without characters."""

    def batch(self, start, count):
        x_0, noise = torch.randn(2, count, 1, 128, 128)
        return Batch(x_0, noise, torch.randint(1000, (count,)), conditioning_for(count))


def trained(mixed_precision: str, monkeypatch) -> None:
    """One step of training."""
    monkeypatch.setattr(AcceleratorState, "_shared_state", {})
    accelerator = Accelerator(cpu=True, mixed_precision=mixed_precision)
    recipe = Recipe(batch_size=2)
    state = build_state(TINY, recipe, "minilm", CPU)
    prepare_for_training(state.unet, accelerator.device, accelerator.mixed_precision)
    denoiser = accelerator.prepare(precision.Denoiser(state.unet))
    loop.train_step(
        state, recipe, RandomBatches(), loop.denoising_objective(training_scheduler(), 0.1), accelerator, denoiser
    )


@pytest.mark.parametrize("name", PRECISIONS)
def test_what_is_timed_is_what_is_trained(calls, monkeypatch, name):
    assert faster_precision(TINY, CPU) in PRECISIONS
    assert calls == 3 * [(False, True, False, 0), (False, False, True, 0)]
    timed = calls[PRECISIONS.index(name)]
    calls.clear()
    trained(name, monkeypatch)
    assert calls == [timed]


@pytest.mark.parametrize(("slow", "faster"), [("no", "bf16"), ("bf16", "no")])
def test_the_faster_precision_is_chosen(monkeypatch, slow, faster):
    monkeypatch.setattr(precision, "_time", lambda step, unet, name: 2.0 if name == slow else 1.0)
    assert faster_precision(TINY, CPU) == faster


@pytest.mark.parametrize("name", PRECISIONS)
def test_a_prepared_network_can_be_perturbed_and_gives_the_same_output(name):
    torch.manual_seed(0)
    unet = build_unet(TINY).eval()
    inputs = torch.randn(2, 1, 128, 128), torch.tensor([700, 700]), conditioning_for(2)
    with torch.no_grad():
        before = predict(unet, *inputs)
        prepare_for_training(unet.train(), CPU, name)
        assert torch.allclose(predict(unet, *inputs), before, atol=1e-4)
        assert (predict(unet, *inputs, num_perturbed=2) - before).abs().max() > 1e-3
