import pytest
import torch

from glyffuser.config import FAST_CONFIG
from glyffuser.images import decode_glyph, read_settings
from glyffuser.side_by_side import JointFrame
from glyffuser.ui.request import check_request, request_from_png
from glyffuser.ui.streaming import from_data_url, stream_messages
from glyffuser.ui.tabs.compare import (
    CHOICES,
    Comparison,
    card_of,
    denoise_comparison,
    gpu_seconds,
    what_to_see,
    with_difference,
)

SETTINGS = (4, 5, 2, "ddim", 7)
"""Steps, both guidances, sampler, seed."""


def check(change: str, other: str, prompt: str, *settings) -> Comparison:
    return Comparison.check(change, other, check_request(prompt, 1, *(settings or SETTINGS)))


def frames_of(pipeline, comparison: Comparison) -> list[dict]:
    return list(stream_messages(denoise_comparison(pipeline, comparison), card_of(comparison)))


def test_every_choice_says_what_to_see():
    assert len({what_to_see(choice) for choice in CHOICES}) == len(CHOICES) == 9


@pytest.mark.parametrize("change", CHOICES)
def test_every_comparison_runs_and_keeps_its_settings(tiny_pipeline, change):
    comparison = check(change, "fish", "bird of bird gold")
    frames = frames_of(tiny_pipeline, comparison)
    first, last = frames[0], frames[-1]
    assert first["step"] == 0 and first["beginning"] and last["state"] == "done"
    assert len({frame["run"] for frame in frames}) == 1 and last["step"] == last["num_steps"]
    assert (
        len(last["names"]) == last["num_glyphs"] == len(last["downloads"]) - 1 == len(set(last["download_names"])) - 1
    )
    assert last["seeds"] == [7] * last["num_glyphs"]
    whole, *each = [read_settings(from_data_url(picture)) for picture in last["downloads"]]
    assert (whole["prompt"], whole["pag_scale"]) == ("bird of bird gold", 2)
    for kept, variant in zip(each, comparison.variants, strict=False):
        assert kept["seeds"] == [7] and kept["prompt"] == (
            "bird of bird gold" if change == "change" else variant.prompt
        )
        assert kept["num_inference_steps"] == variant.config.num_inference_steps
        assert (kept["guidance_scale"], kept["pag_scale"]) == (variant.config.guidance_scale, variant.config.pag_scale)
    assert decode_glyph(from_data_url(last["downloads"][1])).shape == (128, 128)


def test_both_networks_draw_from_the_same_noise_and_are_told_apart(tiny_pipeline):
    *_, last = frames_of(tiny_pipeline, check("network", "", "bird"))
    assert last["names"] == ["full, 4 steps", "fast, 4 steps"]
    full, fast = (request_from_png(from_data_url(picture)) for picture in last["downloads"][1:])
    assert (full.config.network, full.config.guidance_scale) == ("full", 5)
    assert fast.config == FAST_CONFIG and fast.checkpoint == ""
    assert last["downloads"][1] != last["downloads"][2]


def test_a_change_of_mind_is_kept_with_its_timestep(tiny_pipeline):
    *_, last = frames_of(tiny_pipeline, check("change", "fish", "bird"))
    kept = read_settings(from_data_url(last["downloads"][2]))  # after the first of four steps
    assert (kept["prompt"], kept["then"]) == ("bird", "fish") and 749 < kept["change_below"] <= 999


def test_two_definitions_stand_in_one_row_with_their_difference(tiny_pipeline):
    *_, last = frames_of(tiny_pipeline, check("definition", "", "bird"))
    assert last["names"] == ["bird", "no words", "where they differ"] and last["columns"] == 3
    assert last["label"] == "bird / no words"


def test_the_difference_is_paper_where_glyphs_agree_and_ink_where_they_do_not():
    pair = torch.ones(2, 1, 128, 128)
    pair[1, :, :10] = -1
    frame = with_difference(JointFrame(0, 1, None, 999, pair, torch.zeros_like(pair)))
    assert torch.equal(frame.x_t[:2], pair) and torch.equal(frame.x_t[2], pair[1])
    assert frame.pred_x_0[2].eq(1).all()


@pytest.mark.parametrize(
    ("change", "other", "prompt", "sentence"),
    [
        ("words", "", "", "no words to add"),
        ("guidance", "", "", "pulls towards a definition"),
        ("definition", "x" * 201, "bird", "The other definition has 201 characters"),
        ("change", "bird", " bird", "are the same"),
        ("steps", "", "x" * 201, "201 characters"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(change, other, prompt, sentence):
    with pytest.raises(ValueError, match=sentence):
        check(change, other, prompt)
    with pytest.raises(ValueError, match="Seed must be"):
        check("steps", "", "bird", *SETTINGS[:-1], -1)


def test_a_gpu_is_asked_for_as_long_as_the_steps_are_many():
    longest = (120, *SETTINGS[1:])
    seconds = {change: gpu_seconds(check(change, "fish", "bird of gold", *longest)) for change in CHOICES}
    assert 10 < seconds["definition"] <= seconds["words"] <= seconds["change"] < seconds["guidance"] < 120
    assert seconds["pag"] == seconds["guidance"]
    assert seconds["change"] < 30  # nine glyphs share each of the calls
