"""Requests: checked once; their codec to links and PNGs, old versions included."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
import torch

from glyffuser.checks import FIELDS
from glyffuser.config import FAST_CONFIG, InputError, SampleConfig
from glyffuser.images import encode_png, read_settings
from glyffuser.request import VERSION, Request, read_query
from glyffuser.ui.request import check_request, request_from_link, request_from_png
from glyffuser.ui.tabs.settings import values_of
from glyffuser.ui.text import sentence_of, sentences

FROZEN = Path(__file__).parent / "frozen"
LINKS = json.loads((FROZEN / "links.json").read_text(encoding="utf-8"))
CPU = torch.device("cpu")
GOOD = {
    "prompt": "gold",
    "num_glyphs": 4,
    "num_inference_steps": 5,
    "guidance_scale": 5,
    "pag_scale": 2,
    "sampler": "dpm++",
    "seed": 42,
}


def link(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def png_with(settings: object) -> bytes:
    return encode_png(np.zeros((8, 8), np.uint8), settings)


def test_a_request_counts_its_seeds_up():
    request = check_request(**GOOD)
    assert request.seeds == [42, 43, 44, 45]
    assert request.config == SampleConfig(5, 5, "dpm++", pag_scale=2)


def test_after_the_greatest_seed_comes_zero():
    assert check_request(**GOOD | {"seed": 2**32 - 1}).seeds == [2**32 - 1, 0, 1, 2]


@pytest.mark.parametrize("number", range(1, 17))
def test_what_one_door_accepts_all_accept(number):
    request = check_request(**GOOD | {"num_glyphs": number})
    assert request_from_link(link(request.to_query()), CPU) == request
    assert request_from_png(png_with(request.to_settings())) == request
    shown = values_of(request)[1]
    assert shown.value == number and (str(number), number) in shown.choices


def test_the_names_of_fields_are_those_of_the_page():
    assert sentences("fields") == FIELDS
    with pytest.raises(InputError) as caught:
        check_request(**GOOD | {"seed": -1})
    assert caught.value.values["field"] == "seed" and sentence_of(caught.value) == str(caught.value)


def test_without_a_seed_each_request_gets_its_own():
    seeds = {check_request(**GOOD | {"seed": None}).seeds[0] for _ in range(20)}
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
        ("num_inference_steps", 3.7, "Steps must be a whole number from 1 to 120; got 3.7."),
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
        ("guidance_interval", (900, 400), "Timesteps with guidance must be two timesteps, the lower one first"),
        ("guidance_interval", (400, 1000), "Timesteps with guidance must be a whole number from 0 to 999; got 1000."),
        ("pag_interval", [500], "must be two timesteps"),
        ("pag_interval", "x", "got 'x'"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(setting, value, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        check_request(**GOOD | {setting: value})


@pytest.mark.parametrize("setting", ["prompt", "num_glyphs", "guidance_scale", "sampler", "guidance_interval", "seed"])
@pytest.mark.parametrize("value", ["x" * 1_000_000, [["x" * 1000] * 1000] * 9], ids=["long", "nested"])
def test_what_is_refused_is_quoted_in_short(setting, value):
    with pytest.raises(ValueError, match=r"\S") as caught:
        check_request(**GOOD | {setting: value})
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize(
    "request_of",
    [
        lambda prompt: check_request(**GOOD | {"prompt": prompt}),
        lambda prompt: request_from_link({"prompt": prompt}, CPU),
        lambda prompt: request_from_png(png_with(settings(prompt=prompt))),
    ],
)
def test_no_door_normalises_a_text_before_it_measures_it(request_of):
    start = time.process_time()
    with pytest.raises(InputError, match="has 90000 characters"):
        request_of("\u0301\u0323" * 45_000)
    assert time.process_time() - start < 0.5  # normalising it takes more than 5 s


EVERY_FIELD = Request(
    "a bird, singing & flying?",
    [7, 8, 9, 10],
    SampleConfig(31, 7.5, "ddim", (250, 900), 0.5, (100, 700), "even"),
    "0123456789ab",
)
"""A request in which everything differs from the defaults."""


def test_a_link_keeps_everything_that_decides_the_pixels():
    query = link(EVERY_FIELD.to_query())
    assert query["v"] == str(VERSION)
    assert request_from_link(query | {"__theme": "dark"}, CPU) == EVERY_FIELD


def test_a_png_keeps_everything_that_decides_the_pixels():
    assert request_from_png(png_with(EVERY_FIELD.to_settings())) == EVERY_FIELD


def test_a_request_without_a_prompt_stays_one():
    request = replace(EVERY_FIELD, prompt="")
    assert request_from_link(link(request.to_query()), CPU) == request
    assert request_from_png(png_with(request.to_settings())) == request


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("A bird, singing!", "a-bird-singing"),
        ("金色的鱼", "金色的鱼"),
        ("हिन्दी शब्द", "हिन्दी-शब्द"),
        ("\U0001f41f fish", "\U0001f41f-fish"),
        ("../../etc/passwd", "etc-passwd"),
        ('a<b>|c:"d"?*\\e', "a-b-c-d-e"),
        ("?!", "unnamed"),
        ("", "no-prompt"),
        ("\U00020000" * 200, "\U00020000" * 40),
        ("\u0130" * 100, "i\u0307" * 20),
    ],
)
def test_a_file_is_named_by_its_prompt(prompt, stem):
    name = replace(EVERY_FIELD, prompt=prompt).file_stem
    assert name == stem and len(f"glyffuser-{name}-guidance_scale-4294967295.png".encode()) < 255


def test_every_field_of_the_sampling_is_in_both_formats():
    """A field that is added to SampleConfig must be added to the codec, or be lost by links and PNGs."""
    assert set(vars(SampleConfig())) <= EVERY_FIELD.to_settings().keys()
    assert set(vars(SampleConfig())) <= link(EVERY_FIELD.to_query()).keys()


EVEN = SampleConfig(6, 4.5, "dpm++-sde", (400, 999), 2.5, (500, 800), "even")
BEFORE_PAG = SampleConfig(6, 10, "ddim", (400, 999), 0, (500, 800), "even")


def test_links_of_version_1_work():
    assert request_from_link(link(LINKS["v1"]), CPU) == Request("fish that flies", [1234, 1235, 1236, 1237], EVEN)


def test_links_from_before_perturbed_attention_guidance_work_without_it():
    assert request_from_link(link(LINKS["v1_before_pag"]), CPU) == Request("gold", [7], BEFORE_PAG)


def test_a_link_with_a_prompt_alone_is_drawn_with_the_defaults():
    request = request_from_link(link(LINKS["v1_short"]), CPU)
    assert request.prompt == "gold" and len(request.seeds) == 4
    assert request.config == SampleConfig(guidance_interval=(400, 999), pag_interval=(500, 800))


def test_pngs_of_version_1_work():
    assert request_from_png((FROZEN / "run_v1.png").read_bytes()) == Request(
        "fish that flies", [1234, 1235, 1236, 1237], EVEN
    )


def test_pngs_from_before_perturbed_attention_guidance_work_without_it():
    png = (FROZEN / "run_v1_before_pag.png").read_bytes()
    assert not any(name.startswith("pag") for name in read_settings(png))
    assert request_from_png(png) == Request("gold", [7], BEFORE_PAG)


def test_links_and_pngs_of_version_2_work():
    frozen = Request(
        "fish that flies", [1234], SampleConfig(6, 4.5, "dpm++", (300, 999), 2.5, (500, 800), "even"), "0123456789ab"
    )
    assert request_from_link(link(LINKS["v2"]), CPU) == frozen
    assert request_from_png((FROZEN / "run_v2.png").read_bytes()) == frozen


def test_links_and_pngs_of_version_3_work():
    frozen = Request(
        "fish that flies", [1234], SampleConfig(6, 4.5, "dpm++", (300, 999), 2.5, (500, 800), "middle"), "0123456789ab"
    )
    assert request_from_link(link(LINKS["v3"]), CPU) == frozen
    assert request_from_png((FROZEN / "run_v3.png").read_bytes()) == frozen


def test_links_and_pngs_of_version_4_work():
    frozen = Request("fish that flies", [1234], FAST_CONFIG, "0123456789ab")
    assert request_from_link(link(LINKS["v4"]), CPU) == frozen
    assert request_from_png((FROZEN / "run_v4.png").read_bytes()) == frozen


def test_the_fast_network_has_settings_of_its_own():
    request = check_request(**GOOD | {"network": "fast", "num_inference_steps": 50, "guidance_scale": 9.0})
    assert request.config == FAST_CONFIG
    with pytest.raises(InputError, match="Network must be one of full, fast; got 'slow'"):
        check_request(**GOOD | {"network": "slow"})


def settings(**changes: object) -> dict:
    return json.loads(json.dumps(check_request(**GOOD).to_settings())) | changes


@pytest.mark.parametrize(
    ("kept", "sentence"),
    [
        ([1], "not drawn in a plain run"),
        ({"prompt": "gold"}, "not drawn in a plain run"),
        (settings(start_timesteps=[879]), "not drawn in a plain run"),
        (settings(compared=["a", "b"]), "not drawn in a plain run"),
        (settings(version=VERSION + 1), "a newer version of glyffuser"),
        (settings(pag_scale=11), "Perturbed-attention guidance must be"),
        (settings(guidance_interval=[0]), "must be two timesteps"),
        (settings(seeds=[1, 3]), "seeds of this picture do not count up"),
        (settings(seeds=[]), "are damaged"),
        (settings(prompt=None), "are damaged"),
        (settings(sampler=["ddim"]), "Sampler must be one of"),
        (settings(seeds=["x"]), "Seed must be a whole number"),
        (settings(num_inference_steps={}), "Steps must be a whole number"),
        (settings(seeds=list(range(17))), "Number of glyphs must be"),
    ],
)
def test_a_png_that_cannot_be_drawn_again_is_answered_with_a_sentence(kept, sentence):
    with pytest.raises(ValueError, match=sentence):
        request_from_png(png_with(kept))


@pytest.mark.parametrize(
    ("setting", "text", "sentence"),
    [
        ("v", str(VERSION + 1), "a newer version of glyffuser"),
        ("num_glyphs", "17", "Number of glyphs must be a whole number from 1 to 16; got 17."),
        ("num_inference_steps", "many", "Steps must be a whole number from 1 to 120; got 'many'."),
        ("guidance_scale", "nan", "got nan"),
        ("guidance_interval", "400", "must be two timesteps"),
        ("guidance_interval", "high-low", "got 'high'"),
        ("pag_scale", "much", "got 'much'"),
        ("seed", "1e999", "got inf"),
        ("seed", "", "got ''"),
        ("sampler", "euler", "Sampler must be one of"),
        ("spacing", "odd", "Spacing of the steps must be one of middle, segments, even; got 'odd'."),
    ],
)
def test_a_link_that_somebody_changed_is_answered_with_a_sentence(setting, text, sentence):
    query = link(check_request(**GOOD).to_query())
    with pytest.raises(ValueError, match=re.escape(sentence)):
        request_from_link(query | {setting: text}, CPU)


def test_the_codec_names_its_reason():
    with pytest.raises(InputError, match="a newer version") as caught:
        read_query({"v": "99"}, {})
    assert caught.value.key == "request_newer"
