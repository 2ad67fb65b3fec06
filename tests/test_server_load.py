import pytest

from glyffuser.ui.server_load import ServerLoad


def test_a_run_waits_for_all_others():
    load, counts = ServerLoad(), [0, 0]
    load.count_with(lambda: counts[0])
    load.count_with(lambda: counts[1])
    assert load.wait_seconds() == 0
    load.note(10)
    assert load.wait_seconds() == 0
    counts[:] = 3, 2
    assert load.wait_seconds() == 40  # one of the five is the visitor's own


def test_durations_are_averaged_and_new_ones_count():
    load = ServerLoad()
    load.note(10)
    assert load.mean_seconds == 10
    load.note(20)
    assert load.mean_seconds == pytest.approx(12)
    for _ in range(50):
        load.note(3)
    assert load.mean_seconds == pytest.approx(3, abs=0.01)
