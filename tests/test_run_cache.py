"""Finished runs are drawn once."""

from dataclasses import replace

import numpy as np
import pytest

from glyffuser.ui.generation import denoise_request, request_messages
from glyffuser.ui.request import check_request
from glyffuser.ui.run_cache import RunCache
from glyffuser.ui.waiting import WaitingLine

FIELDS = {
    "prompt": "gold",
    "num_glyphs": 2,
    "num_inference_steps": 3,
    "guidance_scale": 4,
    "pag_scale": 0,
    "sampler": "dpm++",
    "seed": 7,
}


@pytest.fixture
def context(app_context):
    return replace(app_context, run_cache=RunCache(), line=WaitingLine())


def never_drawn():
    raise AssertionError("the network was called")
    yield


def draw(context, pipeline, **changes) -> list[dict]:
    request = check_request(**FIELDS | changes)
    return list(request_messages(context, request, denoise_request(pipeline, request)))


def test_the_same_request_is_drawn_once(context, tiny_pipeline):
    first = draw(context, tiny_pipeline)
    again = list(request_messages(context, check_request(**FIELDS), never_drawn()))
    assert first[-1]["state"] == "done"
    assert [message | {"run": ""} for message in again] == [message | {"run": ""} for message in first]
    assert len({message["run"] for message in again}) == 1 and again[0]["run"] != first[0]["run"]
    found = [context.finished.find(run, 1).pixels for run in (first[0]["run"], again[0]["run"])]
    assert np.array_equal(*found)


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"prompt": "fish"}, {"num_glyphs": 1}, {"guidance_interval": (0, 999)}]
)
def test_another_request_is_drawn(context, tiny_pipeline, change):
    draw(context, tiny_pipeline)
    with pytest.raises(AssertionError, match="the network was called"):
        list(request_messages(context, check_request(**FIELDS | change), never_drawn()))


def test_another_checkpoint_draws_anew(context, tiny_pipeline):
    draw(context, tiny_pipeline)
    other = replace(context, fingerprint="0123456789ab")
    with pytest.raises(AssertionError, match="the network was called"):
        list(request_messages(other, check_request(**FIELDS), never_drawn()))


def test_a_run_that_was_stopped_is_not_kept(context, tiny_pipeline):
    request = check_request(**FIELDS)
    run = request_messages(context, request, denoise_request(tiny_pipeline, request))
    next(run)
    run.close()
    assert len(context.run_cache) == 0


def test_the_oldest_are_forgotten_by_number_and_by_bytes():
    glyphs = np.zeros((1, 128, 128), np.uint8)
    cache = RunCache(max_runs=2)
    for query in "ab":
        cache.keep(query, [], glyphs)
    cache.find("a")
    cache.keep("c", [], glyphs)
    assert [bool(cache.find(query)) for query in "abc"] == [True, False, True]
    small = RunCache(max_bytes=glyphs.nbytes * 3 // 2)
    for query in "ab":
        small.keep(query, [], glyphs)
    assert small.find("a") is None and small.find("b") is not None
    small.keep("c", [], np.zeros((2, 128, 128), np.uint8))
    assert len(small) == 0


def test_a_replayed_run_says_nothing_of_how_long_runs_take(context, tiny_pipeline):
    draw(context, tiny_pipeline)
    before = context.line.seconds_a_glyph_and_step
    request = check_request(**FIELDS)
    list(context.line.counted(6, request_messages(context, request, never_drawn())))
    assert context.line.seconds_a_glyph_and_step == before
    draw_counted = request_messages(
        context,
        check_request(**FIELDS | {"seed": 9}),
        denoise_request(tiny_pipeline, check_request(**FIELDS | {"seed": 9})),
    )
    list(context.line.counted(6, draw_counted))
    assert context.line.seconds_a_glyph_and_step != before
