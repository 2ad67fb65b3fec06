from glyffuser.ui.stopping import STOPPED, Runs


def frames(closed: list):
    try:
        for step in range(5):
            yield {"step": step}
    finally:
        closed.append(True)


def test_a_run_that_nobody_stops_ends_by_itself():
    closed = []
    assert len(list(Runs().until_stopped("me", frames(closed)))) == 5
    assert closed


def test_a_stopped_run_says_so_and_is_closed():
    runs, closed = Runs(), []
    run = runs.until_stopped("me", frames(closed))
    assert next(run) == {"step": 0}
    runs.stop("someone else")
    assert next(run) == {"step": 1}
    runs.stop("me")
    assert list(run) == [STOPPED]
    assert closed


def test_stop_counts_for_the_run_that_goes_on_only():
    runs = Runs()
    runs.stop("me")  # nothing runs: nothing happens
    first = runs.until_stopped("me", frames([]))
    next(first)
    second = runs.until_stopped("me", frames([]))
    next(second)
    assert list(first) == [STOPPED]
    assert len(list(second)) == 4
