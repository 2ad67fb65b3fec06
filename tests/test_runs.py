import logging

import gradio as gr

from glyffuser.ui.tabs.generate import _run_for_visitor, gpu_seconds
from glyffuser.ui.generation import Request
from glyffuser.ui.runs import SORRY, STOPPED, Runs, apology

SETTINGS = (16, 100, 5, 3, "dpm++", 7)


def frames(closed: list):
    try:
        yield from range(5)
    finally:
        closed.append(True)


def test_a_run_that_nobody_stops_ends_by_itself_and_runs_once():
    runs, closed = Runs(), []
    number = runs.order("me")
    assert list(runs.while_current("me", number, frames(closed))) == [0, 1, 2, 3, 4]
    assert closed
    assert list(runs.while_current("me", number, frames([]))) == []


def test_a_stopped_run_ends_before_its_next_frame_and_is_closed():
    runs, closed = Runs(), []
    run = runs.while_current("me", runs.order("me"), frames(closed))
    assert next(run) == 0
    runs.stop("someone else")
    assert next(run) == 1
    runs.stop("me")
    assert list(run) == []
    assert closed


def test_only_the_last_of_several_orders_is_drawn():
    runs = Runs()
    first = runs.while_current("me", runs.order("me"), frames([]))
    next(first)
    begun = []
    waiting = runs.while_current("me", runs.order("me"), (begun.append(step) for step in range(5)))
    last = runs.while_current("me", runs.order("me"), frames([]))
    someone_else = runs.while_current("you", runs.order("you"), frames([]))
    assert list(first) == list(waiting) == begun == []
    assert len(list(last)) == len(list(someone_else)) == 5


def test_stop_ends_what_waits_too():
    runs = Runs()
    numbers = [runs.order("me") for _ in range(3)]
    runs.stop("me")
    assert [list(runs.while_current("me", number, frames([]))) for number in numbers] == [[], [], []]


def test_a_failure_is_excused_in_a_sentence_and_logged(caplog):
    with caplog.at_level(logging.ERROR):
        assert SORRY in apology(RuntimeError("secret"))
    assert "secret" in caplog.text
    assert "quota" in apology(gr.Error("Your quota is used up.")) and SORRY not in apology(gr.Error("No."))
    assert "Wait or log in." in apology(gr.Error('Wait or <a href="x">log in</a>.'))
    assert SORRY in apology(gr.Error("OutOfMemoryError", title="ZeroGPU worker error"))


def test_a_model_that_fails_ends_the_run_with_a_sentence(tiny_pipeline):
    def run_model(request):
        yield {"step": 0}
        raise RuntimeError("secret")

    answers = list(_run_for_visitor(tiny_pipeline, run_model, "gold", *SETTINGS))
    assert answers[0][:2] == ({"step": 0}, 7)
    assert answers[-1][0] == STOPPED and SORRY in answers[-1][2] and "secret" not in answers[-1][2]


def test_a_bad_setting_never_reaches_the_model(tiny_pipeline):
    def run_model(request):
        raise AssertionError

    (answer,) = _run_for_visitor(tiny_pipeline, run_model, "x" * 201, *SETTINGS)
    assert answer[0] == STOPPED and "201 characters" in answer[2]


def test_a_gpu_is_asked_for_longer_where_more_is_drawn():
    short, long = (gpu_seconds(Request.check("gold", count, *SETTINGS[1:])) for count in (1, 16))
    assert 0 < short < long <= 60
