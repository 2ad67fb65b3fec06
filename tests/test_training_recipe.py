import pytest

from glyffuser.training.recipe import Recipe


def test_the_rate_rises_stays_and_falls():
    recipe = Recipe(warmup_steps=10, decay_share=0.25)
    assert [recipe.rate_factor(step, 0.0) for step in (0, 4, 9, 100)] == [0.1, 0.5, 1.0, 1.0]
    assert [recipe.rate_factor(100, progress) for progress in (0.75, 0.875, 1.0)] == [1.0, 0.5, 0.0]


def test_without_decay_the_rate_stays_to_the_end():
    assert Recipe(decay_share=0).rate_factor(1000, 0.999) == 1


def test_the_plan_ends_by_samples_or_hours_whichever_comes_first():
    recipe = Recipe(max_samples=1000, max_hours=2)
    assert recipe.progress(500, 0) == 0.5
    assert recipe.progress(100, 3600) == 0.5
    assert recipe.progress(5000, 0) == 1
    assert Recipe().progress(10**9, 10**9) == 0
    assert Recipe(max_samples=0).progress(0, 0) == 1


@pytest.mark.parametrize(
    "wrong", [{"batch_size": 0}, {"decay_share": 2}, {"ema_decay": 1}, {"max_samples": -1}, {"max_hours": -0.5}]
)
def test_a_number_out_of_range_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Recipe(**wrong)
