import pytest
import torch

from glyffuser.prior import MEAN_OF_FOLDS, GlyphPrior
from glyffuser.text import sentence_vectors


@pytest.fixture
def small_prior():
    torch.manual_seed(0)
    families = ((9, "left-right"), (9, "any"), (85, "left-right"))
    prior = GlyphPrior(families, text_channels=8, hidden_channels=(16, 8), grid_size=4, num_folds=2).eval()
    for parameter in prior.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    torch.nn.init.normal_(prior.family_glyphs)
    return prior


def test_shapes_follow_the_settings(small_prior):
    picture = small_prior(torch.randn(5, 8))
    assert picture.shape == (5, 1, 4, 4) and picture.dtype == torch.float32
    assert small_prior.to_x_0(picture).shape == picture.shape
    assert small_prior.to_x_0(picture).abs().max() <= 1


def test_the_guess_mixes_the_families_by_their_probabilities(small_prior):
    sentences = torch.randn(5, 8)
    probabilities = small_prior.probabilities(sentences)
    assert torch.allclose(probabilities.sum(dim=1), torch.ones(5))
    mixed = (probabilities @ small_prior.family_glyphs).view(5, 1, 4, 4)
    assert torch.allclose(small_prior(sentences, sharpness=1.0), mixed, atol=1e-6)


def picture_of(prior, monkeypatch, probabilities: list[float], sharpness: float) -> torch.Tensor:
    """What a prior draws whose families, man twice and water, have these probabilities."""
    monkeypatch.setattr(prior, "probabilities", lambda *_: torch.tensor([probabilities]))
    return prior(torch.ones(1, 8), sharpness=sharpness).flatten()


def test_sharpness_decides_between_radicals_not_between_layouts(small_prior, monkeypatch):
    man_side, man_other, _water = small_prior.family_glyphs
    sharp = picture_of(small_prior, monkeypatch, [0.3, 0.2, 0.5 - 1e-3], 1e5)
    assert torch.allclose(sharp, 0.6 * man_side + 0.4 * man_other, atol=1e-3), (
        "two layouts outweigh one likelier family"
    )
    cubed = picture_of(small_prior, monkeypatch, [0.3, 0.1, 0.6], 3.0)
    shares = torch.tensor([0.75 * 0.4**3, 0.25 * 0.4**3, 0.6**3])
    assert torch.allclose(cubed, shares @ small_prior.family_glyphs / shares.sum(), atol=1e-5)


def test_the_default_sharpness_is_that_of_the_config(small_prior):
    sentences = torch.randn(5, 8)
    assert torch.equal(small_prior(sentences), small_prior(sentences, sharpness=small_prior.config.sharpness))


def test_a_family_of_probability_zero_gives_no_nan(small_prior, monkeypatch):
    for sharpness in (1.0, 3.0):
        picture = picture_of(small_prior, monkeypatch, [1.0, 0.0, 0.0], sharpness)
        assert torch.allclose(picture, small_prior.family_glyphs[0], atol=1e-6)


def test_each_row_can_use_a_fold_of_its_own(small_prior):
    sentences = torch.randn(3, 8)
    by_fold = torch.stack([fold(sentences).softmax(dim=-1) for fold in small_prior.folds])
    chosen = small_prior.probabilities(sentences, torch.tensor([1, MEAN_OF_FOLDS, 0]))
    assert torch.allclose(chosen, torch.stack([by_fold[1, 0], by_fold[:, 1].mean(dim=0), by_fold[0, 2]]))


def test_the_null_prompt_gives_a_zero_picture(pipeline):
    sentences = torch.zeros(2, 384)
    sentences[1, 0] = 1
    nothing, something = pipeline.glyph_prior(sentences)
    assert (nothing == 0).all() and something.abs().max() > 0


def test_the_shipped_prior_places_the_radicals_of_fish_and_bird(pipeline):
    """Fish is drawn on the left, birds (鳥) on the right: there the guess departs from the mean glyph."""
    fish, bird = pipeline.glyph_prior(sentence_vectors(pipeline.text_encoder(["fish", "bird"]))).square()[:, 0]
    assert fish[:, :16].mean() > 3 * fish[:, 16:].mean()
    assert bird[:, 16:].mean() > bird[:, :16].mean()


def test_saving_and_loading_keeps_every_weight(pipeline, tmp_path):
    pipeline.glyph_prior.save_pretrained(tmp_path)
    again = GlyphPrior.from_pretrained(tmp_path)
    before, after = pipeline.glyph_prior.state_dict(), again.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_shipped_prior_names_the_radical_of_a_word(pipeline):
    prior = pipeline.glyph_prior
    words = {"fish": 195, "gold": 167, "tree": 75, "water": 85, "heart": 61, "insect": 142}
    likeliest = prior.probabilities(sentence_vectors(pipeline.text_encoder(list(words)))).argmax(dim=1)
    assert [prior.config.families[index][0] for index in likeliest] == list(words.values())
