"""Frames -> messages for the frame player."""

import json

import numpy as np
import pytest
import torch
from messages import problems

from glyffuser.config import SampleConfig
from glyffuser.diffusion import Frame, Run
from glyffuser.images import read_settings
from glyffuser.request import Request
from glyffuser.side_by_side import JointFrame
from glyffuser.ui.generation import card_of, denoise_request
from glyffuser.ui.protocol import FrameMessage
from glyffuser.ui.request import check_request
from glyffuser.ui.streaming import (
    Observers,
    RunCard,
    data_url,
    from_data_url,
    joint_to_pixels,
    run_to_pixels,
    stream_messages,
)

GOOD = {
    "prompt": "gold",
    "num_glyphs": 4,
    "num_inference_steps": 5,
    "guidance_scale": 5,
    "pag_scale": 2,
    "sampler": "dpm++",
    "seed": 42,
}


class Clock:
    """A clock that moves on by a fixed time whenever it is read."""

    def __init__(self, seconds: float):
        self.now, self.seconds = 0.0, seconds

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def messages(pipeline, seconds_a_step=1.0, **changes) -> list[dict]:
    request = check_request(**GOOD | changes)
    frames = denoise_request(pipeline, request)
    return list(stream_messages(frames, card_of(request), clock=Clock(seconds_a_step)))


def test_a_run_begins_with_noise_and_ends_with_the_glyphs(tiny_pipeline):
    run = messages(tiny_pipeline)
    assert [message["step"] for message in run] == [0, 1, 2, 3, 4, 5]
    assert [message["state"] for message in run] == ["running"] * 5 + ["done"]
    assert run[0]["pred_x_0"] is None and run[0]["timestep"] is None and run[0]["next_timestep"] == 999
    assert len({message["run"] for message in run}) == 1
    assert all(message["seeds"] == [42, 43, 44, 45] and message["columns"] == 2 for message in run)
    assert run[3]["x_t"].startswith("data:image/jpeg") and run[5]["x_t"].startswith("data:image/png")


def test_messages_are_what_the_protocol_says(tiny_pipeline):
    for message in messages(tiny_pipeline):
        assert problems(json.loads(json.dumps(message)), FrameMessage) == []
    without = {name: value for name, value in message.items() if name != "columns"}
    assert problems(without | {"step": "5", "more": 1}, FrameMessage) == [
        "message.columns is missing",
        "message.more is unknown",
        "message.step is '5', not int",
    ]


def test_runs_have_ids_of_their_own(tiny_pipeline):
    assert messages(tiny_pipeline)[0]["run"] != messages(tiny_pipeline)[0]["run"]


def test_a_fast_model_is_throttled_but_the_last_frame_always_comes(tiny_pipeline):
    steps = [message["step"] for message in messages(tiny_pipeline, seconds_a_step=1 / 30, num_inference_steps=31)]
    assert steps == [0, *range(3, 31, 3), 31]


def test_the_downloads_carry_what_made_them(tiny_pipeline):
    last = messages(tiny_pipeline, prompt="a bird, singing")[-1]
    assert len(last["downloads"]) == 5
    assert last["download_names"][:2] == ["glyffuser-a-bird-singing.png", "glyffuser-a-bird-singing-42.png"]
    assert read_settings(from_data_url(last["downloads"][0]))["seeds"] == [42, 43, 44, 45]
    single = read_settings(from_data_url(last["downloads"][3]))
    assert single["seeds"] == [44] and single["prompt"] == "a bird, singing" and single["num_inference_steps"] == 5
    assert "prompt=a+bird" in last["query"] and last["note"] == ""


def test_the_same_request_gives_the_same_glyphs(tiny_pipeline):
    assert messages(tiny_pipeline)[-1]["downloads"] == messages(tiny_pipeline)[-1]["downloads"]
    assert messages(tiny_pipeline)[-1]["downloads"] != messages(tiny_pipeline, seed=43)[-1]["downloads"]


def grey_frames():
    """Two glyphs of one grey a step: x_t lighter and lighter, its predictions darker and darker."""
    greys = torch.tensor([0.1, 0.2]).view(2, 1, 1, 1).expand(2, 1, 128, 128)
    for step in (1, 2, 3):
        yield Frame(step, 3, 900 - step, 899 - step, greys * step, -greys * step)


def grey_messages(**observers) -> list[dict]:
    request = Request("gold", [1, 2], SampleConfig())
    run = Run(torch.zeros(2, 1, 128, 128), [899, 898, 897], grey_frames())
    return list(stream_messages(run_to_pixels(run), card_of(request), Observers(**observers), Clock(1.0)))


def test_messages_say_where_the_predictions_lie_on_the_map_and_the_last_where_the_glyphs_do():
    def locate(glyphs):
        greys = (glyphs[:, 0, 0] / 127.5 - 1).round(1)
        return np.stack([greys, greys], axis=1), (greys * 10).round().astype(int)

    first, *others = grey_messages(locate=locate)
    assert "positions" not in first and "nearest" not in first
    assert [message["step"] for message in others] == [1, 2, 3]
    assert [message["nearest"] for message in others] == [[-1, -2], [-2, -4], [3, 6]]
    assert [message["positions"] for message in others][2] == [[0.3, 0.3], [0.6, 0.6]]


def test_the_last_message_says_what_there_is_to_say_of_the_glyphs():
    *others, last = grey_messages(note=lambda glyphs: f"{len(glyphs)} of {glyphs.dtype}")
    assert last["note"] == "2 of uint8" and not any("note" in message for message in others)


def test_finished_glyphs_are_kept_under_the_id_of_their_run():
    kept = []
    *_, last = grey_messages(keep=lambda run, glyphs: kept.append((run, glyphs.shape)))
    assert kept == [(last["run"], (2, 128, 128))]


def test_runs_side_by_side_have_captions_and_no_timestep_of_their_own():
    glyphs = torch.zeros(2, 1, 128, 128)
    frames = [JointFrame(step, 2, None if step == 0 else 500, 999, glyphs, glyphs) for step in range(3)]
    settings = [{"prompt": "a"}] * 3
    card = RunCard(
        "a / b", [7, 7], settings, ["x.png", "y.png", "z.png"], 2, "", ["a", "b"], "The start.", "model call"
    )
    run = list(stream_messages(joint_to_pixels(iter(frames)), card, clock=Clock(1.0)))
    assert [message["timestep"] for message in run] == [None] * 3
    assert run[0]["pred_x_0"] is None and run[1]["pred_x_0"] is not None
    assert all(message["names"] == ["a", "b"] and message["unit"] == "model call" for message in run)
    assert "query" not in run[-1]
    for message in run:
        assert problems(message, FrameMessage) == []


def test_a_data_url_can_be_read_again():
    assert from_data_url(data_url(b"\x00\xff", "image/png")) == b"\x00\xff"


@pytest.mark.parametrize("url", ["", "data:image/png;base64", "image/png;base64,AA==", "data:image/png;base64,A"])
def test_what_is_no_data_url_is_refused(url):
    with pytest.raises(ValueError, match="not a data URL|padding|base64"):
        from_data_url(url)
