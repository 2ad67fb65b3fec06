import dataclasses
import math

import pytest

from glyffuser.training.recipe import DISTILLATION_PRESETS, TRAINING_PRESETS, Recipe


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
    ("wrong", "sentence"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"decay_share": 2}, "decay_share must lie between 0 and 1, got 2"),
        ({"ema_decay": 1}, "ema_decay must lie between 0 and 1, got 1"),
        ({"loss_balance": -0.1}, "loss_balance must lie between 0 and 1, got -0.1"),
        ({"timestep_focus": 1.1}, "timestep_focus must lie between 0 and 1, got 1.1"),
        ({"overshoot_weight": 1.1}, "overshoot_weight must lie between 0 and 1, got 1.1"),
        ({"token_dropout": 2}, "token_dropout must lie between 0 and 1, got 2"),
        ({"timestep_shift": 0.0}, "timestep_shift must be more than 0, got 0.0"),
        ({"max_samples": -1}, "max_samples must be 0 or more, got -1"),
    ],
)
def test_a_number_out_of_range_is_named(wrong, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Recipe(**wrong)


@pytest.mark.parametrize("value", [-0.5, math.nan])
@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Recipe)])
def test_negative_numbers_and_nan_are_refused(name, value):
    with pytest.raises(ValueError, match=f"^{name} must .* got {value}$"):
        Recipe(**{name: value})


def test_zero_is_allowed_and_a_plan_may_have_no_limit():
    Recipe(muon_learning_rate=0, adamw_learning_rate=0, weight_decay=0, warmup_steps=0, max_hours=0)
    assert Recipe(max_samples=None, max_hours=None).progress(10, 10) == 0


def test_the_recipe_of_two_cores_is_the_plain_one_and_no_recipe_has_a_plan():
    assert TRAINING_PRESETS["two-cores"].recipe == Recipe()
    assert TRAINING_PRESETS.keys() == DISTILLATION_PRESETS.keys() == {"two-cores", "one-gpu"}
    for preset in (*TRAINING_PRESETS.values(), *DISTILLATION_PRESETS.values()):
        assert preset.recipe.max_samples is preset.recipe.max_hours is None
