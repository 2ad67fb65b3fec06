import pytest
import torch

from glyffuser.config import SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.diffusion import add_noise, make_sampler
from glyffuser.images import uint8_to_x_0
from glyffuser.new_meaning import give_new_meaning, ink_survival
from glyffuser.pipeline import initial_noise

CONFIG = SampleConfig(num_inference_steps=10, guidance_scale=5, spacing="even")


@pytest.fixture(scope="module")
def river() -> torch.Tensor:
    return uint8_to_x_0(GlyphRenderer().render_all("河"))


def test_the_noisiest_starts_and_the_others_join_in(tiny_pipeline, river):
    frames = list(give_new_meaning(tiny_pipeline, "bird", 0, river, [999, 500], CONFIG))
    # ten steps at 999, 899 ... 99: all of them from 999, five from 500
    assert [frame.step for frame in frames] == list(range(16)) and frames[0].num_steps == 15
    assert [frame.timestep for frame in frames[:8]] == [None, 999, 899, 799, 699, 599, 499, 499]
    noised = add_noise(river, initial_noise([0])[0], tiny_pipeline.scheduler.alphas_cumprod[499])
    assert torch.allclose(frames[0].x_t[1:], noised, atol=1e-6)
    assert torch.equal(frames[5].x_t[1], frames[0].x_t[1])
    assert frames[15].x_t.abs().max() <= 1


def test_the_page_starts_at_timesteps_of_its_usual_run(tiny_pipeline):
    from glyffuser.ui.tabs.new_meaning import START_TIMESTEPS

    schedule = make_sampler(
        "dpm++", tiny_pipeline.scheduler, SampleConfig().num_inference_steps, SampleConfig().spacing
    ).timesteps
    assert set(START_TIMESTEPS) <= set(schedule.tolist())


def test_each_start_timestep_is_a_run_of_its_own(tiny_pipeline, river):
    last = list(give_new_meaning(tiny_pipeline, "bird", 7, river, [700, 300], CONFIG))[-1]
    alone = list(tiny_pipeline.begin(["bird"], [7], CONFIG, river, 300).frames)[-1]
    assert torch.allclose(last.x_t[1:], alone.x_t, atol=1e-5)


def test_more_noise_leaves_less_ink(pipeline, river):
    last = list(give_new_meaning(pipeline, "bird", 0, river, [950, 200], CONFIG))[-1]
    noisy, clean = ink_survival(river, last.x_t).tolist()
    assert noisy < 0.75 and clean > 0.9


def test_the_share_that_survives_by_chance_is_as_the_page_says():
    from glyffuser.ui.tabs.new_meaning import SHARED_BY_CHANCE

    glyphs = uint8_to_x_0(GlyphRenderer().render_all(c.char for c in load_characters()[::100]))
    shares = [ink_survival(glyph[None], glyphs[i - 1 : i]).item() for i, glyph in enumerate(glyphs) if i]
    assert sum(shares) / len(shares) == pytest.approx(SHARED_BY_CHANCE, abs=0.03)


def test_survival_is_a_share_of_the_old_ink():
    glyph = torch.ones(1, 1, 128, 128)
    glyph[..., :10, :] = -1
    half, none = glyph.clone(), torch.ones_like(glyph)
    half[..., :5, :] = 1
    assert ink_survival(glyph, torch.cat([glyph, half, none])).tolist() == [1, 0.5, 0]
    assert ink_survival(none, glyph).tolist() == [0]
