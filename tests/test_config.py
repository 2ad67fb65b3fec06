import re

import pytest

from glyffuser.config import ModelConfig, SampleConfig


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("num_inference_steps", 0, "between 1 and 1000, got 0"),
        ("num_inference_steps", 1001, "got 1001"),
        ("guidance_scale", 0.5, "between 1 (off) and 30, got 0.5"),
        ("guidance_scale", float("nan"), "got nan"),
        ("guidance_interval", (500, 100), "got 500 and 100"),
        ("guidance_interval", (-1, 100), "got -1 and 100"),
        ("pag_interval", (0, 1000), "got 0 and 1000"),
        ("pag_scale", -1, "between 0 (off) and 30, got -1"),
        ("pag_scale", float("nan"), "got nan"),
    ],
)
def test_a_setting_out_of_range_is_named_with_its_value(setting, value, sentence):
    with pytest.raises(ValueError, match=f"^{setting} must .*{re.escape(sentence)}$"):
        SampleConfig(**{setting: value})


def test_guidance_acts_within_its_interval_only():
    config = SampleConfig(guidance_interval=(200, 800), pag_interval=(300, 700))
    assert [config.is_guided_at(t) for t in (199, 200, 800, 801)] == [False, True, True, False]
    assert [config.is_perturbed_at(t) for t in (299, 300, 700, 701)] == [False, True, True, False]
    assert not SampleConfig(guidance_scale=1).is_guided_at(500) and not SampleConfig(pag_scale=0).is_perturbed_at(600)


def test_a_network_that_does_not_fit_the_glyph_is_refused():
    with pytest.raises(ValueError, match="patch_size must divide 128, got 5"):
        ModelConfig(patch_size=5)
    with pytest.raises(ValueError, match="equally long"):
        ModelConfig(block_out_channels=(64, 128))
    assert ModelConfig(patch_size=8).grid_size == 16
