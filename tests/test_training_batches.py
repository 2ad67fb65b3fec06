import pytest
import torch
from training_bench import Bench

from glyffuser.training.batches import spread_timesteps
from glyffuser.training.prior import caption_folds


@pytest.fixture(scope="module")
def bench(tiny_pipeline, pipeline):
    return Bench(tiny_pipeline, pipeline.text_encoder)


def test_every_glyph_comes_once_an_epoch_and_each_epoch_in_its_own_order(bench):
    codepoints = bench.batches.samples(0, 36)[2]
    expected = sorted(c.codepoint for c in bench.characters)
    assert all(sorted(codepoints[start : start + 12]) == expected for start in (0, 12, 24))
    assert codepoints[:12] != codepoints[12:24]
    assert bench.batches.samples(10, 4)[2] == codepoints[10:14]


def test_noise_depends_on_the_position_in_the_stream_only(bench):
    x_0 = torch.zeros(4, 1, 128, 128)
    noise, timesteps = bench.batches.noise(100, x_0, 1000)
    again, same_timesteps = bench.batches.noise(100, x_0, 1000)
    other, _ = bench.batches.noise(104, x_0, 1000)
    assert torch.equal(noise, again) and torch.equal(timesteps, same_timesteps) and not torch.equal(noise, other)
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02
    many = bench.batches.noise(0, torch.zeros(4000, 1, 1, 1), 1000)[1]
    assert many.min() < 10 and many.max() > 989 and abs(many.float().mean() - 499.5) < 20


@pytest.mark.parametrize(("focus", "middle", "ends"), [(0, 1, 1), (0.8, 1.84, 0.56)])
def test_timesteps_are_stratified_and_prefer_the_middle(focus, middle, ends):
    times = spread_timesteps(10_000, focus, 1, torch.Generator().manual_seed(0))
    assert times.min() >= 0 and times.max() <= 1
    density = torch.histc(times, bins=50, min=0, max=1) / 200
    assert abs(density[24:26].mean() - middle) < 0.05 and abs(density[[0, -1]].mean() - ends) < 0.05
    assert abs(times[:5000].mean() - 0.5) < 0.02  # in random order
    if focus == 0:
        few = spread_timesteps(8, focus, 1, torch.Generator().manual_seed(1))
        assert sorted((8 * few).long().tolist()) == list(range(8)) and few.argsort().tolist() != list(range(8))


def test_shifted_timesteps_prefer_stronger_noise():
    straight, shifted = (spread_timesteps(10_000, 0.8, shift, torch.Generator().manual_seed(0)) for shift in (1, 1.5))
    assert shifted.min() >= 0 and shifted.max() <= 1 and (shifted >= straight).all()
    densities = [torch.histc(times, bins=20, min=0, max=1).argmax() for times in (straight, shifted)]
    assert densities[0] in (9, 10) and densities[1] in (11, 12)  # around 0.5 and 0.6


def test_a_caption_uses_the_fold_that_was_trained_without_it(bench):
    captions = ["", bench.characters[0].definition]
    folds = caption_folds(bench.characters, 2)
    conditioning = bench.conditioning(captions)
    sentence = conditioning.class_labels[1:] / 384**0.5
    own = bench.prior(sentence, sharpness=1.0, folds=torch.tensor([folds[captions[1]]]))
    assert torch.allclose(conditioning.prior[1:], own, atol=1e-5)
    assert (conditioning.prior[0] == 0).all() and (conditioning.class_labels[0] == 0).all()
