"""Every sentence that a visitor reads, in one JSON file a language."""

import json
from functools import cache
from pathlib import Path

from glyffuser.config import InputError

FOLDER = Path(__file__).parent


def say(key: str, **values: object) -> str:
    """A sentence in English.

    Args:
        key: section and name, such as "generate.stop".
        values: what stands for each `{name}` in the sentence.

    Raises:
        KeyError: if there is no such sentence, or a value is missing.
    """
    section, _, name = key.partition(".")
    return _sentences("en")[section][name].format(**values)


def sentence_of(error: ValueError) -> str:
    """What a visitor reads of input that cannot be used."""
    if not isinstance(error, InputError):
        return str(error)
    named = {"name": say(f"fields.{error.values['field']}")} if "field" in error.values else {}
    return say(f"errors.{error.key}", **error.values | named)


def sentences(section: str) -> dict[str, str]:
    """All sentences of a section, by name, for a component that fills in the values in the browser."""
    return _sentences("en")[section]


@cache
def _sentences(language: str) -> dict[str, dict[str, str]]:
    raw = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return {section: {name: _joined(value) for name, value in entries.items()} for section, entries in raw.items()}


def _joined(value: str | list[str]) -> str:
    """Paragraphs, a list in the file, as one text."""
    return value if isinstance(value, str) else "\n\n".join(value)
