import pytest
from messages import problems
from starlette.applications import Starlette
from starlette.testclient import TestClient

from glyffuser.ui.protocol import WaitingPlace
from glyffuser.ui.waiting import (
    FULL,
    MAX_WAITING,
    OVER,
    PATIENCE_SECONDS,
    SECONDS_A_GLYPH_AND_STEP,
    URL,
    USUAL_WORK,
    WaitingLine,
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock) -> WaitingLine:
    return WaitingLine(clock)


def measured(line: WaitingLine, clock: Clock, work: int, seconds: float) -> None:
    number = line.join(work)
    line.begin(number)
    clock.now += seconds
    line.finish(number)


def test_a_place_counts_the_runs_before_it_and_their_seconds(line):
    first, second, third = (line.join(work) for work in (100, 400, 100))
    assert line.place(first) == {"ticket": first, "state": "waiting", "before": 0, "seconds": 0}
    assert line.place(third)["before"] == 2
    assert line.place(third)["seconds"] == round(500 * SECONDS_A_GLYPH_AND_STEP)
    line.leave(second)
    assert line.place(third) == {"ticket": third, "state": "waiting", "before": 1, "seconds": 4}
    line.leave(first)
    assert line.place(third)["before"] == 0
    assert line.place(second) == OVER


def test_of_the_run_that_is_drawn_only_what_is_left_counts_and_never_nothing(line, clock):
    first, second = line.join(100), line.join(100)
    line.begin(first)
    assert line.place(first)["state"] == "running"
    clock.now += 3
    assert line.place(second) == {"ticket": second, "state": "waiting", "before": 1, "seconds": 1}
    clock.now += 30
    assert line.place(second)["seconds"] == 1


def test_a_run_that_has_begun_stands_before_all_that_wait_whatever_its_number(line):
    waiting = line.join(100)
    line.begin(line.join(100))
    assert line.place(waiting)["before"] == 1


def test_the_average_follows_the_runs_that_came_to_their_end(line, clock):
    for _ in range(20):
        measured(line, clock, work=100, seconds=1)
    assert line.seconds_a_glyph_and_step == pytest.approx(0.01, rel=0.01)
    before = line.seconds_a_glyph_and_step
    given_up = line.join(100)
    line.begin(given_up)
    line.leave(given_up)
    measured(line, clock, work=0, seconds=50)  # of which nothing is known
    assert line.seconds_a_glyph_and_step == before


def test_a_run_of_which_nothing_is_known_counts_as_a_usual_one(line):
    line.join()
    assert line.place(line.join(1))["seconds"] == round(USUAL_WORK * SECONDS_A_GLYPH_AND_STEP)


def test_a_full_line_gives_no_ticket_until_somebody_leaves(line):
    numbers = [line.join(1) for _ in range(MAX_WAITING)]
    assert line.join(1) is None
    line.leave(numbers[0])
    assert line.join(1) is not None


def test_who_never_asks_again_is_no_longer_counted_and_still_gets_his_turn(line, clock):
    silent, asking = line.join(1), line.join(1)
    clock.now += PATIENCE_SECONDS - 1
    assert line.place(asking)["before"] == 1
    clock.now += 2
    assert line.place(asking)["before"] == 0 and len(line) == 1
    line.begin(silent)
    assert line.place(asking)["before"] == 1
    clock.now += 10 * PATIENCE_SECONDS  # a run that is drawn is never forgotten
    assert line.place(asking)["before"] == 1


def test_a_program_counts_while_its_run_is_drawn(line, clock):
    def frames():
        yield 1
        clock.now += 10
        yield 2

    run = line.counted(100, frames())
    assert next(run) == 1
    visitor = line.join(100)
    assert line.place(visitor)["before"] == 1
    assert list(run) == [2]
    assert line.place(visitor)["before"] == 0
    assert line.seconds_a_glyph_and_step > SECONDS_A_GLYPH_AND_STEP
    cut_short = line.counted(100, frames())
    next(cut_short)
    cut_short.close()
    assert len(line) == 1


def test_the_browser_asks_for_a_place(line):
    line.join(100)
    number = line.join(100)
    client = TestClient(Starlette(routes=line.routes()))
    answer = client.get(f"/{URL}/{number}")
    assert answer.json() == {"ticket": number, "state": "waiting", "before": 1, "seconds": 4}
    assert answer.headers["cache-control"] == "no-store"
    assert client.get(f"/{URL}/999").json() == OVER
    assert client.get(f"/{URL}/x").status_code == 404


def test_places_are_what_the_protocol_says(line):
    for place in (OVER, FULL, line.place(line.join(1))):
        assert problems(place, WaitingPlace) == []
