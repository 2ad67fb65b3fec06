from glyffuser.ui.generate_tab import _run_for_visitor, gpu_seconds
from glyffuser.ui.generation import Request
from glyffuser.ui.runs import SORRY, STOPPED

SETTINGS = (16, 100, 5, "dpm++", 7)


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
    assert "201 characters" in answer[2]


def test_a_gpu_is_asked_for_longer_where_more_is_drawn():
    short, long = (gpu_seconds(Request.check("gold", count, 100, 5, "dpm++", 7)) for count in (1, 16))
    assert 0 < short < long <= 60
