import logging
from types import SimpleNamespace

import gradio as gr
import pytest

from glyffuser.ui.generation import gpu_seconds
from glyffuser.ui.request import check_request
from glyffuser.ui.runs import STOPPED, RunEvents, Runs, RunWiring, answer, apology
from glyffuser.ui.text import say
from glyffuser.ui.waiting import FULL, MAX_WAITING, OVER, WaitingLine

SORRY = say("errors.run_failed")


def frames(closed: list):
    try:
        yield from range(5)
    finally:
        closed.append(True)


def test_a_run_that_nobody_stops_ends_by_itself_and_runs_once():
    runs, closed = Runs(WaitingLine()), []
    number = runs.request("me")
    assert list(runs.while_current("me", number, frames(closed))) == [0, 1, 2, 3, 4]
    assert closed and len(runs) == 0
    assert list(runs.while_current("me", number, frames([]))) == []


def test_a_stopped_run_ends_before_its_next_frame_and_is_closed():
    runs, closed = Runs(WaitingLine()), []
    run = runs.while_current("me", runs.request("me"), frames(closed))
    assert next(run) == 0
    runs.stop("someone else")
    assert next(run) == 1
    runs.stop("me")
    assert list(run) == []
    assert closed


def test_only_the_last_of_several_requests_is_drawn():
    runs = Runs(WaitingLine())
    first = runs.while_current("me", runs.request("me"), frames([]))
    next(first)
    begun = []
    waiting = runs.while_current("me", runs.request("me"), (begun.append(step) for step in range(5)))
    last = runs.while_current("me", runs.request("me"), frames([]))
    someone_else = runs.while_current("you", runs.request("you"), frames([]))
    assert list(first) == list(waiting) == begun == []
    assert len(list(last)) == len(list(someone_else)) == 5


def test_stop_ends_what_waits_too():
    runs = Runs(WaitingLine())
    numbers = [runs.request("me") for _ in range(3)]
    runs.stop("me")
    assert [list(runs.while_current("me", number, frames([]))) for number in numbers] == [[], [], []]


def test_a_run_that_could_not_begin_is_forgotten_unless_another_was_requested():
    runs = Runs(WaitingLine())
    refused = runs.request("me")
    runs.give_up("me", refused)
    assert len(runs) == 0
    current = runs.request("me")
    runs.give_up("me", refused)
    assert len(runs) == 1
    assert len(list(runs.while_current("me", current, frames([])))) == 5


def wired(line: WaitingLine | None = None) -> tuple[gr.Blocks, RunEvents]:
    with gr.Blocks() as page:
        start, stop, player, waiting, message = gr.Button(), gr.Button(), gr.HTML(), gr.HTML(), gr.HTML()
        wiring = RunWiring(
            page=page,
            line=WaitingLine() if line is None else line,
            starts=[start.click],
            button=start,
            stop=stop,
            player=player,
            waiting=waiting,
            message=message,
            inputs=[],
            work=lambda: 100,
        )
        events = RunEvents(wiring, lambda: iter([]))
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


@pytest.mark.parametrize(("max_size", "place"), [(0, FULL), (10, OVER), (None, OVER)])
def test_a_run_that_the_queue_refuses_is_given_up_and_tried_again_if_the_queue_is_full(max_size, place):
    page, events = wired()
    page.queue(max_size=max_size)
    page._queue.max_size = max_size  # Gradio takes 0 for none
    me = SimpleNamespace(session_hash="me")
    number, _ = events._request(me)
    (refused,) = [fn.fn for fn in page.fns.values() if fn.trigger_only_on_failure]
    assert refused(number, me) == place
    assert len(events._runs) == 0


def test_a_request_is_given_its_place_and_none_where_the_line_is_full():
    line = WaitingLine()
    _, events = wired(line)
    others = [line.join(100) for _ in range(MAX_WAITING)]
    me = SimpleNamespace(session_hash="me")
    number, place = events._request(me)
    assert place == FULL and not isinstance(number, int) and len(events._runs) == 0
    line.leave(others.pop())
    number, place = events._request(me)
    assert place == {"ticket": number, "state": "waiting", "before": len(others), "seconds": 60}


def test_a_visitor_has_one_ticket_and_gives_it_back():
    line = WaitingLine()
    runs = Runs(line)
    runs.request("me", 100)
    number = runs.request("me", 100)
    assert len(line) == 1
    run = runs.while_current("me", number, frames([]))
    next(run)
    assert line.place(number)["state"] == "running"
    list(run)
    assert len(line) == 0
    runs.request("me")
    runs.stop("me")
    assert len(line) == 0


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
