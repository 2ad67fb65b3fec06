import base64
from urllib.parse import parse_qsl

import numpy as np
import pytest
import torch

from glyffuser.config import SampleConfig
from glyffuser.diffusion import Frame, training_scheduler
from glyffuser.images import encode_png, read_settings
from glyffuser.sample import settings_of
from glyffuser.ui.generation import Request, stream_frames

GOOD = {
    "prompt": "gold",
    "num_glyphs": 4,
    "num_inference_steps": 5,
    "guidance_scale": 5,
    "pag_scale": 2,
    "sampler": "dpm++",
    "seed": 42,
}


def picture(data_url: str) -> bytes:
    return base64.b64decode(data_url.split(",", 1)[1])


def test_an_order_counts_its_seeds_up():
    request = Request.check(**GOOD)
    assert request.seeds == [42, 43, 44, 45]
    assert request.config == SampleConfig(5, 5, "dpm++", pag_scale=2)


def test_after_the_greatest_seed_comes_zero():
    assert Request.check(**GOOD | {"seed": 2**32 - 1}).seeds == [2**32 - 1, 0, 1, 2]


def test_without_a_seed_each_order_gets_its_own():
    seeds = {Request.check(**GOOD | {"seed": None}).seeds[0] for _ in range(20)}
    assert len(seeds) > 15


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("prompt", "x" * 201, "The prompt has 201 characters; 200 is the most."),
        ("prompt", "a\x07b", "U+0007"),
        ("num_glyphs", 17, "Number of glyphs must be a whole number from 1 to 16; got 17."),
        ("num_glyphs", 0, "got 0"),
        ("num_glyphs", 2.5, "got 2.5"),
        ("num_inference_steps", 121, "Steps must be a whole number from 1 to 120; got 121."),
        ("num_inference_steps", None, "got None"),
        ("guidance_scale", 0.9, "Guidance must be a number from 1 to 20; got 0.9."),
        ("guidance_scale", float("nan"), "got nan"),
        ("guidance_scale", "much", "got 'much'"),
        ("pag_scale", -0.5, "Perturbed-attention guidance must be a number from 0 to 10; got -0.5."),
        ("pag_scale", 10.5, "got 10.5"),
        ("sampler", "euler", "Sampler must be one of dpm++-sde, dpm++, ddim, ddpm; got 'euler'."),
        ("seed", -1, "Seed must be a whole number from 0"),
        ("seed", 2**32, "got 4294967296"),
        ("seed", float("inf"), "got inf"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(setting, value, sentence):
    with pytest.raises(ValueError) as caught:
        Request.check(**GOOD | {setting: value})
    assert sentence in str(caught.value)


class Clock:
    """A clock that moves on by a fixed time whenever it is read."""

    def __init__(self, seconds: float):
        self.now, self.seconds = 0.0, seconds

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def frames(pipeline, seconds_a_step=1.0, **changes) -> list[dict]:
    return list(stream_frames(pipeline, Request.check(**GOOD | changes), clock=Clock(seconds_a_step)))


def test_a_run_begins_with_noise_and_ends_with_the_glyphs(tiny_pipeline):
    run = frames(tiny_pipeline)
    assert [frame["step"] for frame in run] == [0, 1, 2, 3, 4, 5]
    assert [frame["state"] for frame in run] == ["running"] * 5 + ["done"]
    assert run[0]["pred_x_0"] is None and run[0]["timestep"] is None
    assert len({frame["run"] for frame in run}) == 1
    assert all(frame["seeds"] == [42, 43, 44, 45] and frame["columns"] == 2 for frame in run)
    assert run[3]["x_t"].startswith("data:image/jpeg") and run[5]["x_t"].startswith("data:image/png")


def test_runs_have_names_of_their_own(tiny_pipeline):
    assert frames(tiny_pipeline)[0]["run"] != frames(tiny_pipeline)[0]["run"]


def test_a_fast_model_is_throttled_but_the_last_frame_always_comes(tiny_pipeline):
    steps = [frame["step"] for frame in frames(tiny_pipeline, seconds_a_step=1 / 30, num_inference_steps=31)]
    assert steps == [0, *range(3, 31, 3), 31]


def test_the_downloads_carry_what_made_them(tiny_pipeline):
    last = frames(tiny_pipeline, prompt="a bird, singing")[-1]
    assert len(last["downloads"]) == 5
    assert last["download_names"][:2] == ["glyffuser-a-bird-singing.png", "glyffuser-a-bird-singing-42.png"]
    assert read_settings(picture(last["downloads"][0]))["seeds"] == [42, 43, 44, 45]
    single = read_settings(picture(last["downloads"][3]))
    assert single["seeds"] == [44] and single["prompt"] == "a bird, singing" and single["num_inference_steps"] == 5


def test_the_same_order_gives_the_same_glyphs(tiny_pipeline):
    assert frames(tiny_pipeline)[-1]["downloads"] == frames(tiny_pipeline)[-1]["downloads"]
    assert frames(tiny_pipeline)[-1]["downloads"] != frames(tiny_pipeline, seed=43)[-1]["downloads"]


class GreyPipeline:
    """Yields two glyphs of one grey a step: x_t lighter and lighter, its guesses darker and darker."""

    scheduler = training_scheduler()

    def stream(self, prompts, seeds, config):
        greys = torch.tensor([0.01, 0.02]).view(2, 1, 1, 1).expand(2, 1, 128, 128)
        for step in (1, 2, 3):
            yield Frame(step, 3, 900 - step, 899 - step, greys * step, -greys * step)


def test_frames_say_where_the_guesses_lie_on_the_map_and_the_last_where_the_glyphs_do():
    def place(x_0):
        return x_0[:, 0, 0, :2].double().numpy(), (x_0[:, 0, 0, 0] * 100).round().int().numpy()

    request = Request.check(**GOOD | {"num_glyphs": 2})
    first, *others = stream_frames(GreyPipeline(), request, place, clock=Clock(1.0))
    assert "places" not in first and "nearest" not in first
    assert [frame["step"] for frame in others] == [1, 2, 3]
    assert [frame["nearest"] for frame in others] == [[-1, -2], [-2, -4], [3, 6]]
    assert all(frame["places"] == [[i / 100] * 2 for i in frame["nearest"]] for frame in others)


def test_the_last_frame_says_what_there_is_to_say_of_the_glyphs():
    request = Request.check(**GOOD | {"num_glyphs": 2})
    *others, last = stream_frames(GreyPipeline(), request, judge=lambda prompt, x_0: f"{prompt}: {len(x_0)}")
    assert last["note"] == "gold: 2" and not any("note" in frame for frame in others)
    *_, last = stream_frames(GreyPipeline(), request)
    assert last["note"] == ""


def remembered(**changes) -> dict:
    request = Request.check(**GOOD)
    settings = settings_of(request.prompt, request.seeds, request.config) | changes
    return read_settings(encode_png(np.zeros((8, 8), np.uint8), settings))


def test_a_png_asks_for_the_same_run():
    assert Request.from_settings(remembered()) == Request.check(**GOOD)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ([], "not drawn in a plain run"),
        ({"prompt": "gold"}, "not drawn in a plain run"),
        (remembered(start_timesteps=[879]), "not drawn in a plain run"),
        (remembered(guidance_interval=[0, 999]), "not drawn in a plain run"),
        (remembered(pag_interval=[0, 999]), "not drawn in a plain run"),
        (remembered(pag_scale=11), "Perturbed-attention guidance must be"),
        (remembered(seeds=[1, 3]), "seeds of this picture do not count up"),
        (remembered(seeds=[]), "are damaged"),
        (remembered(prompt=None), "are damaged"),
        (remembered(sampler=["ddim"]), "Sampler must be one of"),
        (remembered(seeds=["x"]), "Seed must be a whole number"),
        (remembered(num_inference_steps={}), "Steps must be a whole number"),
        (remembered(seeds=list(range(17))), "Number of glyphs must be"),
    ],
)
def test_a_png_that_cannot_be_drawn_again_is_answered_with_a_sentence(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        Request.from_settings(settings)


def test_a_link_asks_for_the_same_run():
    request = Request.check(**GOOD | {"prompt": "a bird, singing & flying?", "guidance_scale": 7.5, "pag_scale": 0.5})
    query = dict(parse_qsl(request.query()))
    assert Request.from_query(query | {"__theme": "dark"}) == request


def test_a_link_without_a_prompt_stays_one():
    request = Request.check(**GOOD | {"prompt": ""})
    assert Request.from_query(dict(parse_qsl(request.query(), keep_blank_values=True))) == request


@pytest.mark.parametrize(
    ("setting", "text", "sentence"),
    [
        ("num_glyphs", "17", "Number of glyphs must be a whole number from 1 to 16; got 17."),
        ("num_inference_steps", "many", "Steps must be a whole number from 1 to 120; got 'many'."),
        ("guidance_scale", "nan", "got nan"),
        ("pag_scale", "much", "got 'much'"),
        ("seed", "1e999", "got inf"),
        ("seed", "", "got ''"),
        ("sampler", "euler", "Sampler must be one of"),
    ],
)
def test_a_link_that_somebody_bent_is_answered_with_a_sentence(setting, text, sentence):
    query = dict(parse_qsl(Request.check(**GOOD).query()))
    with pytest.raises(ValueError) as caught:
        Request.from_query(query | {setting: text})
    assert sentence in str(caught.value)
