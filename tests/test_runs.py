import logging
from types import SimpleNamespace

import gradio as gr
import pytest

from glyffuser.ui.generation import gpu_seconds
from glyffuser.ui.request import check_request
from glyffuser.ui.runs import STOPPED, RunEvents, Runs, RunWiring, answer, apology
from glyffuser.ui.text import say

SORRY = say("errors.run_failed")


def frames(closed: list):
    try:
        yield from range(5)
    finally:
        closed.append(True)


def test_a_run_that_nobody_stops_ends_by_itself_and_runs_once():
    runs, closed = Runs(), []
    number = runs.request("me")
    assert list(runs.while_current("me", number, frames(closed))) == [0, 1, 2, 3, 4]
    assert closed and len(runs) == 0
    assert list(runs.while_current("me", number, frames([]))) == []


def test_a_stopped_run_ends_before_its_next_frame_and_is_closed():
    runs, closed = Runs(), []
    run = runs.while_current("me", runs.request("me"), frames(closed))
    assert next(run) == 0
    runs.stop("someone else")
    assert next(run) == 1
    runs.stop("me")
    assert list(run) == []
    assert closed


def test_only_the_last_of_several_requests_is_drawn():
    runs = Runs()
    first = runs.while_current("me", runs.request("me"), frames([]))
    next(first)
    begun = []
    waiting = runs.while_current("me", runs.request("me"), (begun.append(step) for step in range(5)))
    last = runs.while_current("me", runs.request("me"), frames([]))
    someone_else = runs.while_current("you", runs.request("you"), frames([]))
    assert list(first) == list(waiting) == begun == []
    assert len(list(last)) == len(list(someone_else)) == 5


def test_stop_ends_what_waits_too():
    runs = Runs()
    numbers = [runs.request("me") for _ in range(3)]
    runs.stop("me")
    assert [list(runs.while_current("me", number, frames([]))) for number in numbers] == [[], [], []]


def test_a_run_that_could_not_begin_is_forgotten_unless_another_was_requested():
    runs = Runs()
    refused = runs.request("me")
    runs.give_up("me", refused)
    assert len(runs) == 0
    current = runs.request("me")
    runs.give_up("me", refused)
    assert len(runs) == 1
    assert len(list(runs.while_current("me", current, frames([])))) == 5


def wired() -> tuple[gr.Blocks, RunEvents]:
    with gr.Blocks() as page:
        start, stop, player, message = gr.Button(), gr.Button(), gr.HTML(), gr.HTML()
        events = RunEvents(RunWiring(page, [start.click], stop, player, message, []), lambda: iter([]))
        events.finish()
    return page, events


def listeners(page: gr.Blocks, kind: str) -> list:
    return [fn.fn for fn in page.fns.values() if any(event == kind for _, event in fn.targets)]


def test_a_visitor_who_leaves_gives_his_run_up():
    """Gradio calls the unload listener when the page's connection ends, whether or not the run has begun."""
    page, events = wired()
    me = SimpleNamespace(session_hash="me")
    events._request(me)
    (leave,) = listeners(page, "unload")
    leave(me)
    assert len(events._runs) == 0


def test_a_run_that_the_queue_refuses_is_given_up():
    page, events = wired()
    me = SimpleNamespace(session_hash="me")
    number = events._request(me)
    (give_up,) = [fn.fn for fn in page.fns.values() if fn.trigger_only_on_failure]
    give_up(number, me)
    assert len(events._runs) == 0


def test_the_load_counts_runs_and_learns_how_long_one_takes():
    _, events = wired()
    load, me = events._wiring.load, SimpleNamespace(session_hash="me")
    load.note(8)
    number, _ = events._request(me), events._request(SimpleNamespace(session_hash="you"))
    assert load.wait_seconds() == 8
    events._answers = lambda: (frame for frame in ["frame"])
    assert list(events._run(me, number)) == ["frame"]
    assert load.wait_seconds() == 0 and load.mean_seconds < 8
    assert list(events._run(me, number)) == []  # its time is over
    assert load.mean_seconds == pytest.approx(6.4, abs=0.1)


def test_a_failure_is_excused_in_a_sentence_and_logged(caplog):
    with caplog.at_level(logging.ERROR):
        assert SORRY in apology(RuntimeError("secret"))
    assert "secret" in caplog.text
    assert "quota" in apology(gr.Error("Your quota is used up.")) and SORRY not in apology(gr.Error("No."))
    assert "Wait or log in." in apology(gr.Error('Wait or <a href="x">log in</a>.'))
    assert SORRY in apology(gr.Error("OutOfMemoryError", title="ZeroGPU worker error"))


def test_a_model_that_fails_ends_the_run_with_a_sentence():
    def stream(request):
        yield {"step": 0}
        raise RuntimeError("secret")

    answers = list(answer(lambda: "gold", stream))
    assert answers[0] == ({"step": 0}, "")
    assert answers[-1][0] == STOPPED and SORRY in answers[-1][1] and "secret" not in answers[-1][1]


def test_what_was_refused_never_reaches_the_model():
    def check():
        raise ValueError("The prompt has 201 characters; 200 is the most.")

    def stream(request):
        pytest.fail("the model ran")

    ((message, sentence),) = answer(check, stream)
    assert message == STOPPED and "201 characters" in sentence and 'role="alert"' in sentence


def test_a_gpu_is_requested_for_longer_where_more_is_drawn():
    short, long = (gpu_seconds(check_request("gold", count, 100, 5, 3, "dpm++", 7)) for count in (1, 16))
    assert 0 < short < long <= 60
