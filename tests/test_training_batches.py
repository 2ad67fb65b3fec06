import dataclasses

import pytest
import torch
from training_bench import RECIPE, Bench

from glyffuser.images import uint8_to_x_0
from glyffuser.training.batches import (
    CaptionConditioning,
    TrainingBatches,
    spread_timesteps,
    with_noised_sentences,
    without_some_tokens,
)
from glyffuser.training.prior import caption_folds


@pytest.fixture(scope="module")
def bench(tiny_pipeline, pipeline):
    return Bench(tiny_pipeline, pipeline.text_encoder)


def test_every_glyph_comes_once_an_epoch_and_each_epoch_in_its_own_order(bench):
    rows = bench.batches.rows(0, 36)[0].tolist()
    assert all(sorted(rows[start : start + 12]) == list(range(12)) for start in (0, 12, 24))
    assert rows[:12] != rows[12:24]
    assert bench.batches.rows(10, 4)[0].tolist() == rows[10:14]
    x_0 = bench.batches.batch(10, 4).x_0
    assert torch.equal(x_0, uint8_to_x_0(bench.dataset.glyphs[rows[10:14]]))


def test_each_glyph_comes_with_the_caption_drawn_for_it(bench):
    rows, captions = (part.tolist() for part in bench.batches.rows(12, 12))
    drawn = bench.dataset.draw_captions(1)
    assert [bench.states.texts[number] for number in captions] == [bench.dataset.captions[drawn[row]] for row in rows]
    expected = bench.conditioning([bench.states.texts[number] for number in captions])
    assert all(map(torch.equal, bench.batches.batch(12, 12).conditioning, expected))


def test_a_batch_depends_on_seed_and_position_alone(bench):
    one, again, other = (bench.batches.batch(start, 4) for start in (100, 100, 104))
    assert torch.equal(one.noise, again.noise) and torch.equal(one.timesteps, again.timesteps)
    assert not torch.equal(one.noise, other.noise)
    assert abs(one.noise.mean()) < 0.02 and abs(one.noise.std() - 1) < 0.02
    reseeded = TrainingBatches(bench.dataset, bench.conditioning, dataclasses.replace(RECIPE, seed=1)).batch(100, 4)
    assert not torch.equal(one.noise, reseeded.noise) and not torch.equal(one.timesteps, reseeded.timesteps)
    timesteps = torch.cat([bench.batches.batch(start, 32).timesteps for start in range(0, 320, 32)])
    assert timesteps.min() < 50 and timesteps.max() > 949 and abs(timesteps.float().mean() - 499.5) < 20


def test_some_tokens_are_masked_but_never_the_first(bench):
    plain = bench.conditioning([bench.characters[0].definition] * 400)
    masked = without_some_tokens(plain, 0.25, torch.Generator().manual_seed(0)).encoder_attention_mask
    is_token = plain.encoder_attention_mask
    assert masked[:, 0].all() and not (masked & ~is_token).any()
    assert abs(masked[:, 1:][is_token[:, 1:]].float().mean() - 0.75) < 0.03
    assert without_some_tokens(plain, 0.0, torch.Generator()) is plain


def test_noised_sentences_keep_their_norm_and_null_prompts_stay_zero(bench):
    plain = bench.conditioning([bench.characters[0].definition] * 50 + [""])
    noised = with_noised_sentences(plain, 0.3, torch.Generator().manual_seed(0)).class_labels
    assert torch.allclose(noised.norm(dim=1), plain.class_labels.norm(dim=1), atol=1e-3)
    assert (noised[-1] == 0).all() and with_noised_sentences(plain, 0.0, torch.Generator()) is plain
    cosine = torch.cosine_similarity(noised[:-1], plain.class_labels[:-1])
    assert abs(cosine.mean() - 1 / 1.09**0.5) < 0.01  # the noise is nearly orthogonal to the sentence


def test_text_is_perturbed_as_the_recipe_says_and_the_rest_stays(bench):
    recipe = dataclasses.replace(RECIPE, token_dropout=0.5, text_noise=0.3)
    plain = bench.batches.batch(0, 12)
    perturbed, again = (TrainingBatches(bench.dataset, bench.conditioning, recipe).batch(0, 12) for _ in range(2))
    assert torch.equal(plain.noise, perturbed.noise) and torch.equal(plain.timesteps, perturbed.timesteps)
    for name in ("encoder_attention_mask", "class_labels"):
        one, other = getattr(perturbed.conditioning, name), getattr(plain.conditioning, name)
        assert not torch.equal(one, other) and torch.equal(one, getattr(again.conditioning, name))


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


def test_pictures_are_as_sharp_as_asked_or_as_prompts_are_sampled(bench):
    captions, folds = [c.definition for c in bench.characters[:3]], caption_folds(bench.characters, 2)
    soft, sharp, sampled = (
        CaptionConditioning(bench.states, bench.prior, folds, sharpness)(captions).prior
        for sharpness in (1.0, 3.0, None)
    )
    assert (
        bench.prior.config.sharpness == 3 and torch.equal(sharp, sampled) and not torch.allclose(soft, sharp, atol=1e-2)
    )


def test_padding_to_one_length_changes_nothing_else(bench):
    captions = [c.definition for c in bench.characters[:3]]
    padded = CaptionConditioning(bench.states, bench.prior, {}, num_tokens=48)(captions)
    plain = CaptionConditioning(bench.states, bench.prior, {})(captions)
    longest = plain.encoder_attention_mask.shape[1]
    assert padded.encoder_attention_mask.shape == (3, 48) and longest < 48
    assert torch.equal(padded.encoder_attention_mask[:, :longest], plain.encoder_attention_mask)
    assert torch.equal(padded.encoder_hidden_states[:, :longest], plain.encoder_hidden_states)
    assert not padded.encoder_attention_mask[:, longest:].any() and not padded.encoder_hidden_states[:, longest:].any()
    assert torch.allclose(padded.class_labels, plain.class_labels, atol=1e-5) and torch.equal(padded.prior, plain.prior)
