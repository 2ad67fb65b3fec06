"""Glyphs while one types."""

import threading

import numpy as np
import pytest

from glyffuser.config import FAST_CONFIG, InputError
from glyffuser.images import decode_glyph, x_0_to_uint8
from glyffuser.ui import drafts as module
from glyffuser.ui.drafts import SEED, Drafts
from glyffuser.ui.tabs.draft import draft_as_html, draft_in_full


def test_a_draft_is_the_fast_networks_glyph_of_the_one_seed(tiny_pipeline):
    *_, last = tiny_pipeline.stream(["fish"], [SEED], FAST_CONFIG)
    drawn = decode_glyph(Drafts(tiny_pipeline).draw("fish"))
    assert np.array_equal(drawn, x_0_to_uint8(last.x_t)[0])


def test_a_draft_is_drawn_once(tiny_pipeline, monkeypatch):
    drafts = Drafts(tiny_pipeline)
    first = drafts.draw("fish")
    monkeypatch.setattr(type(tiny_pipeline), "stream", lambda *_: pytest.fail("it was drawn again"))
    assert drafts.draw("fish") == first


def test_a_draft_that_would_have_to_wait_is_left_out(tiny_pipeline, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAIT_SECONDS", 0.05)
    drafts, begun, go_on = Drafts(tiny_pipeline), threading.Event(), threading.Event()
    draw = type(tiny_pipeline).stream

    def slow(pipeline, *arguments):
        begun.set()
        assert go_on.wait(10)
        return draw(pipeline, *arguments)

    monkeypatch.setattr(type(tiny_pipeline), "stream", slow)
    other = threading.Thread(target=drafts.draw, args=["bird"])
    other.start()
    assert begun.wait(10) and drafts.draw("fish") is None
    go_on.set()
    other.join()
    assert drafts.draw("fish")


def test_the_full_network_can_draw_from_the_noise_of_a_draft():
    assert draft_in_full() == ("full", SEED, False)


def test_the_prompt_in_a_draft_is_text():
    assert "&lt;b&gt;&quot;" in draft_as_html('<b>"', b"")


def test_without_a_fast_network_there_is_a_sentence(tiny_pipeline, monkeypatch):
    monkeypatch.setattr(tiny_pipeline, "fast_unet", None)
    with pytest.raises(InputError, match="no fast network here"):
        tiny_pipeline.begin(["gold"], [0], FAST_CONFIG)
