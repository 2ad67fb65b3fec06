"""Messages between Python and the browser have one definition."""

from typing import TypedDict

import pytest

from glyffuser.ui import device_protocol, protocol, typescript


def test_the_declarations_of_the_browser_are_those_of_python():
    """Run `python -m glyffuser.ui.typescript` after a change of protocol.py."""
    assert typescript.DECLARATIONS.read_text(encoding="utf-8") == typescript.to_typescript()


@pytest.mark.parametrize("module", [protocol, device_protocol])
def test_every_message_is_declared(module):
    declared = {
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, dict) and value.__module__ == module.__name__
    }
    assert declared == set(module.MESSAGES)


def test_every_field_is_described():
    for message in (*protocol.MESSAGES, *device_protocol.MESSAGES):
        simple = message in (protocol.StoppedMessage,)
        fields = [name for name in message.__annotations__ if name != "kind"]
        described = "Attributes:" in message.__doc__
        assert described or simple or len(fields) == 1, message
        assert all(f"{name}:" in message.__doc__ for name in fields) or not described, message


def test_a_type_without_a_counterpart_is_refused():
    class Strange(TypedDict):
        when: complex

    with pytest.raises(TypeError, match="complex"):
        typescript._interface(Strange)
