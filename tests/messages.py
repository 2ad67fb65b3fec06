"""Compare a message with its type in glyffuser/ui/protocol.py."""

import types
import typing
from typing import Any


def problems(value: Any, hint: Any, path: str = "message") -> list[str]:
    """Everything in a message that its type does not allow; empty for a message that is right."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if typing.is_typeddict(hint):
        return _problems_of_fields(value, hint, path)
    if origin is typing.Literal:
        return [] if value in arguments else [f"{path} is {value!r}"]
    if origin is types.UnionType:
        return [] if any(not problems(value, one) for one in arguments) else [f"{path} is {value!r}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [problem for i, item in enumerate(value) for problem in problems(item, arguments[0], f"{path}[{i}]")]
    allowed = (float, int) if hint is float else (hint,)
    return [] if type(value) in allowed else [f"{path} is {value!r}, not {hint.__name__}"]


def _problems_of_fields(value: Any, hint: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path} is no dict"]
    hints = typing.get_type_hints(hint)
    missing = [f"{path}.{name} is missing" for name in hint.__required_keys__ - value.keys()]
    unknown = [f"{path}.{name} is unknown" for name in value.keys() - hints.keys()]
    known = [
        problem
        for name in value.keys() & hints.keys()
        for problem in problems(value[name], hints[name], f"{path}.{name}")
    ]
    return missing + unknown + known
