import dataclasses
import json

import numpy as np
import pytest
from messages import problems

from glyffuser.config import SampleConfig
from glyffuser.images import decode_glyph, read_settings
from glyffuser.ui.example_runs import FOLDER, INDEX, REQUEST, RUN, draw_example, example_url, main
from glyffuser.ui.finished import FinishedGlyphs
from glyffuser.ui.protocol import FrameMessage
from glyffuser.ui.static_files import StaticFiles
from glyffuser.ui.streaming import from_data_url

NUM_FRAMES = SampleConfig().num_inference_steps + 1
"""Of the example, pure noise included."""


@pytest.fixture(scope="module")
def shipped() -> list[dict]:
    return json.loads((FOLDER / RUN).read_text(encoding="utf-8"))


@pytest.fixture
def fresh(app_context):
    """The page's app_context, with nothing finished or served yet."""
    return dataclasses.replace(app_context, finished=FinishedGlyphs(), static_files=StaticFiles())


def test_every_frame_is_kept(fresh, tiny_pipeline):
    messages = draw_example(dataclasses.replace(fresh, pipeline=tiny_pipeline, fingerprint="other"))
    assert [message["step"] for message in messages] == list(range(NUM_FRAMES))
    assert messages[-1]["state"] == "done" and "checkpoint=other" in messages[-1]["query"]


def test_only_the_checkpoint_that_drew_it_shows_it(fresh, tmp_path):
    assert example_url(fresh, tmp_path) == ""
    assert example_url(dataclasses.replace(fresh, fingerprint="other")) == ""
    assert example_url(fresh).startswith("glyff/examples-") and example_url(fresh).endswith(f"/{RUN}")


def test_its_glyphs_can_be_picked(fresh, shipped):
    example_url(fresh)
    glyph = fresh.finished.find(shipped[-1]["run"], 3)
    assert glyph.prompt == "gold"
    assert (glyph.pixels == decode_glyph(from_data_url(shipped[-1]["downloads"][4]))).all()


def test_the_command_writes_the_run_and_the_checkpoint_that_drew_it(tiny_pipeline, tmp_path, capsys):
    checkpoint, output = tmp_path / "checkpoint", tmp_path / "examples"
    tiny_pipeline.save_pretrained(checkpoint)
    assert main(["--checkpoint", str(checkpoint), "--output", str(output)]) == 0
    messages = json.loads((output / RUN).read_text(encoding="utf-8"))
    assert [message["step"] for message in messages] == list(range(NUM_FRAMES))
    kept = read_settings(from_data_url(messages[-1]["downloads"][0]))
    assert json.loads((output / INDEX).read_text())["checkpoint"] == kept["checkpoint"] != ""
    assert capsys.readouterr().out == f"{output / RUN}: {NUM_FRAMES} frames\n"


def test_the_shipped_one_is_what_the_shipped_weights_draw(app_context, shipped):
    assert [message["step"] for message in shipped] == list(range(NUM_FRAMES))
    assert all(problems(message, FrameMessage) == [] for message in shipped)
    png = from_data_url(shipped[-1]["downloads"][1])
    kept = dataclasses.replace(REQUEST, seeds=REQUEST.seeds[:1], checkpoint=app_context.fingerprint).to_settings()
    assert read_settings(png) == json.loads(json.dumps(kept))
    drawn = np.asarray(app_context.pipeline(REQUEST.prompt, REQUEST.seeds[:1], REQUEST.config).images[0])
    assert ((drawn < 128) == (decode_glyph(png) < 128)).mean() > 0.98  # processors round differently


def test_without_weights_the_command_says_why(tmp_path, capsys):
    assert main(["--checkpoint", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("checkpoint file ")
