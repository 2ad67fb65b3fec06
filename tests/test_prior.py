import torch

from glyffuser.prior import GlyphPrior
from glyffuser.text import sentence_vectors


def test_shapes_follow_the_settings():
    prior = GlyphPrior(text_channels=8, hidden_channels=(16, 8), num_components=3, grid_size=4, num_folds=2).eval()
    torch.nn.init.normal_(prior.basis)
    picture = prior(torch.randn(5, 8))
    assert picture.shape == (5, 1, 4, 4) and picture.dtype == torch.float32
    assert prior.to_x_0(picture).shape == picture.shape
    assert prior.to_x_0(picture).abs().max() <= 1


def test_the_null_prompt_has_no_opinion(pipeline):
    sentences = torch.zeros(2, 384)
    sentences[1, 0] = 1
    nothing, something = pipeline.glyph_prior(sentences)
    assert (nothing == 0).all() and something.abs().max() > 0


def test_the_guess_is_the_mean_over_the_folds(pipeline):
    prior = pipeline.glyph_prior
    sentence = torch.nn.functional.normalize(torch.randn(1, 384, generator=torch.Generator().manual_seed(0)), dim=-1)
    folds = torch.stack([fold(sentence) @ prior.basis for fold in prior.folds])
    assert torch.allclose(prior(sentence).flatten(), folds.mean(dim=0).flatten(), atol=1e-5)


def test_the_shipped_prior_knows_where_the_fish_is(pipeline):
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
