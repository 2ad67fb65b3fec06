"""Values that the browser's sampler is tested against are those of today's Python."""

import json

import pytest
from web.freeze import FROZEN, freeze


def flatten(value: object, path: str = "") -> dict[str, object]:
    if isinstance(value, dict):
        return {key: leaf for name in value for key, leaf in flatten(value[name], f"{path}.{name}").items()}
    if isinstance(value, list):
        return {key: leaf for i, each in enumerate(value) for key, leaf in flatten(each, f"{path}[{i}]").items()}
    return {path: value}


def test_the_frozen_values_are_not_stale():
    """Run `python -m tests.web.freeze` after a change of the sampler."""
    frozen = flatten(json.loads(FROZEN.read_text(encoding="utf-8")))
    today = flatten(json.loads(json.dumps(freeze())))
    assert frozen.keys() == today.keys()
    for name, value in today.items():
        expected = pytest.approx(value, abs=1e-5) if isinstance(value, float) else value
        assert frozen[name] == expected, f"frozen.json is stale at {name}: run `python -m tests.web.freeze`"
