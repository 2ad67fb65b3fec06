import pytest
import torch

from glyffuser.compare import (
    compare,
    vary_definition,
    vary_guidance,
    vary_pag,
    vary_sampler,
    vary_steps,
    vary_steps_and_guidance,
    vary_switch,
    vary_words,
)
from glyffuser.config import SampleConfig
from glyffuser.diffusion import SAMPLERS
from glyffuser.pipeline import initial_noise
from glyffuser.prompts import SwitchingPrompt

CONFIG = SampleConfig(num_inference_steps=4, guidance_scale=5, spacing="even")


def test_words_are_added_one_by_one():
    variants = vary_words("bird singing at", CONFIG)
    assert [v.prompt for v in variants] == ["", "bird", "bird singing", "bird singing at"]
    assert [v.name for v in variants] == ["no words", "+ bird", "+ singing", "+ at"]
    assert {v.config for v in variants} == {CONFIG}
    with pytest.raises(ValueError, match="no words to add"):
        vary_words("", CONFIG)


@pytest.mark.parametrize("count", [8, 9, 30, 100])
def test_many_words_are_added_several_at_once(count):
    prompt = " ".join(f"w{i}" for i in range(count))
    variants = vary_words(prompt, CONFIG)
    assert len(variants) == 9 and variants[-1].prompt == prompt
    assert " ".join(v.name.removeprefix("+ ") for v in variants[1:]) == prompt  # each word once, in order


def test_one_setting_differs_and_the_others_stay():
    for vary, setting in (
        (vary_steps, "num_inference_steps"),
        (vary_guidance, "guidance_scale"),
        (vary_pag, "pag_scale"),
        (vary_sampler, "sampler"),
    ):
        variants = vary("bird", CONFIG)
        values = [getattr(v.config, setting) for v in variants]
        assert len(set(values)) == len({v.name for v in variants}) == len(variants) > 3
        assert {v.prompt for v in variants} == {"bird"}
        rest = [{k: x for k, x in vars(v.config).items() if k != setting} for v in variants]
        assert all(others == {k: x for k, x in vars(CONFIG).items() if k != setting} for others in rest)
    assert [v.config.sampler for v in vary_sampler("", CONFIG)] == list(SAMPLERS)
    with pytest.raises(ValueError, match="pulls towards a definition"):
        vary_guidance("", CONFIG)
    vary_pag("bird", SampleConfig(num_inference_steps=3, pag_scale=0, spacing="even"))
    with pytest.raises(ValueError, match="never acts; take three or more"):
        vary_pag("bird", SampleConfig(num_inference_steps=2, spacing="even"))


def test_steps_grow_downwards_and_guidance_to_the_right():
    variants = vary_steps_and_guidance("bird", CONFIG)
    table = [[(v.config.num_inference_steps, v.config.guidance_scale) for v in variants[i : i + 3]] for i in (0, 3, 6)]
    assert table == [[(3, 1), (3, 5), (3, 15)], [(10, 1), (10, 5), (10, 15)], [(25, 1), (25, 5), (25, 15)]]
    assert [v.name for v in variants[:2]] == ["3 steps, guidance 1", "3 steps, guidance 5"]
    assert {(v.prompt, v.config.sampler) for v in variants} == {("bird", CONFIG.sampler)}
    with pytest.raises(ValueError, match="pulls towards a definition"):
        vary_steps_and_guidance("", CONFIG)


def test_prompts_switch_from_the_start_to_never(tiny_pipeline):
    variants = vary_switch("gold", "fish", CONFIG)
    assert [v.name for v in variants][:: len(variants) - 1] == ["fish", "gold"]
    *_, last = compare(tiny_pipeline, variants, seed=3)
    for glyph, prompt in ((last.x_t[0], "fish"), (last.x_t[-1], "gold")):
        *_, alone = tiny_pipeline.stream([prompt], [3], CONFIG)
        assert torch.allclose(glyph, alone.x_t[0], atol=1e-4)
    # four steps at 999, 749, 499, 249: a switch at 500 comes after the second
    *_, switched = tiny_pipeline.begin([SwitchingPrompt("gold", "fish", 500)], [3], CONFIG).frames
    assert torch.allclose(last.x_t[[v.name for v in variants].index("after 2 steps")], switched.x_t[0], atol=1e-4)
    assert not torch.allclose(switched.x_t[0], last.x_t[0]) and not torch.allclose(switched.x_t[0], last.x_t[-1])
    assert [v.name for v in vary_switch("gold", "", SampleConfig(num_inference_steps=1))] == ["no words", "gold"]
    assert len(vary_switch("gold", "", SampleConfig())) == 9
    with pytest.raises(ValueError, match="are the same"):
        vary_switch("gold", "gold", CONFIG)


@pytest.mark.parametrize(
    "variants",
    [
        vary_definition("gold", "", CONFIG),
        vary_sampler("gold", CONFIG),
        vary_guidance("gold", CONFIG)[:3],
        vary_pag("gold", CONFIG)[:3],
    ],
    ids=["definition", "sampler", "guidance", "perturbed-attention guidance"],
)
def test_each_variant_is_the_glyph_that_it_would_be_alone(tiny_pipeline, variants):
    frames = list(compare(tiny_pipeline, variants, seed=3))
    assert torch.equal(frames[0].x_t, initial_noise([3])[0].expand(len(variants), -1, -1, -1))
    for glyph, variant in zip(frames[-1].x_t, variants, strict=True):
        *_, alone = tiny_pipeline.stream([variant.prompt], [3], variant.config)
        assert torch.allclose(glyph, alone.x_t[0], atol=1e-4)


def test_neighbours_of_one_config_share_their_model_calls(tiny_pipeline):
    frames = compare(tiny_pipeline, vary_words("bird of gold", CONFIG), seed=0)
    assert next(frames).num_steps == 4
    frames = compare(tiny_pipeline, vary_sampler("bird", CONFIG), seed=0)
    assert next(frames).num_steps == 4 * len(SAMPLERS)


def test_another_definition_draws_another_glyph_from_the_same_noise(pipeline):
    *_, last = compare(pipeline, vary_definition("bird", "fish", CONFIG), seed=0)
    first, second = last.x_t
    assert (first - second).abs().mean() > 0.2
