import json

import numpy as np
import pytest

from glyffuser.checkpoint import DEFAULT_CHECKPOINT
from glyffuser.images import decode_glyph, read_settings
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.sample import settings_of
from glyffuser.ui.example_run import REQUEST, draw_example, example_url, main
from glyffuser.ui.components.frame_player import from_data_url


@pytest.fixture(scope="module")
def shipped() -> list[dict]:
    return json.loads((DEFAULT_CHECKPOINT / "example_run.json").read_text(encoding="utf-8"))


def test_every_frame_is_kept(tiny_pipeline):
    frames = draw_example(tiny_pipeline, judge=lambda prompt, x_0: f"{len(x_0)} for {prompt}")
    assert [frame["step"] for frame in frames] == list(range(26))
    assert frames[-1]["state"] == "done" and frames[-1]["note"] == "4 for gold"


def test_a_checkpoint_without_one_shows_none(tiny_pipeline, tmp_path):
    assert example_url(tiny_pipeline) == ""
    tiny_pipeline.save_pretrained(tmp_path)
    saved = GlyffuserPipeline.from_pretrained(tmp_path)
    assert example_url(saved) == ""
    (tmp_path / "example_run.json").write_text("[]", encoding="utf-8")
    assert example_url(saved).endswith(f"{tmp_path}/example_run.json")


def test_the_command_writes_it_beside_the_weights(tiny_pipeline, tmp_path, capsys):
    tiny_pipeline.save_pretrained(tmp_path)
    assert main(["--checkpoint", str(tmp_path)]) == 0
    frames = json.loads((tmp_path / "example_run.json").read_text(encoding="utf-8"))
    assert [frame["step"] for frame in frames] == list(range(26))
    assert capsys.readouterr().out == f"{tmp_path}/example_run.json: 26 frames\n"


def test_the_shipped_one_is_served(pipeline):
    assert example_url(pipeline).endswith("checkpoints/glyffuser/example_run.json")


def test_the_shipped_one_is_what_the_shipped_weights_draw(pipeline, shipped):
    assert [frame["step"] for frame in shipped] == list(range(26))
    png = from_data_url(shipped[-1]["downloads"][1])
    assert read_settings(png) == json.loads(json.dumps(settings_of(REQUEST.prompt, REQUEST.seeds[:1], REQUEST.config)))
    drawn = np.asarray(pipeline(REQUEST.prompt, REQUEST.seeds[:1], REQUEST.config).images[0])
    assert ((drawn < 128) == (decode_glyph(png) < 128)).mean() > 0.98  # processors round differently


def test_without_weights_the_command_says_why(tmp_path, capsys):
    assert main(["--checkpoint", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("checkpoint file ")
