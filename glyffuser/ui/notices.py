"""The one sentence under a field that says what is wrong, or what to know."""

import html
import unicodedata

from glyffuser.config import MAX_SEED
from glyffuser.text import MAX_TOKENS, TextEncoder, clean_prompt

LAST_LATIN = "\u024f"
NO_PROMPT = "No definition: the model draws whatever comes to it, and guidance has nothing to pull towards."
NOT_ENGLISH = "The model has learnt English definitions only; it will try, but may not know these words."
TOO_MANY_TOKENS = (
    f"Only the beginning of this prompt counts: the model reads {MAX_TOKENS - 2} words or pieces of words."
)


def notice(text: str = "", kind: str = "info") -> str:
    """HTML for a notice; nothing when there is nothing to say.

    Args:
        text: one sentence, plain.
        kind: "info" or "error".
    """
    if not text:
        return ""
    role = "alert" if kind == "error" else "status"
    return f'<p class="glyff-notice {kind}" role="{role}">{html.escape(text)}</p>'


def prompt_notice(prompt: str, encoder: TextEncoder) -> str:
    """What a visitor should know of a prompt, as HTML."""
    try:
        text = clean_prompt(prompt or "")
    except ValueError as error:
        return notice(str(error), "error")
    if not text:
        return notice(NO_PROMPT)
    if any(unicodedata.category(char)[0] in "LS" and char > LAST_LATIN for char in text):  # letters and symbols
        return notice(NOT_ENGLISH)
    if encoder.num_tokens(text) > MAX_TOKENS:
        return notice(TOO_MANY_TOKENS)
    return ""


def seed_notice(seed: float | None) -> str:
    """What is wrong with a seed, as HTML."""
    if seed is None or 0 <= seed <= MAX_SEED:
        return ""
    return notice(f"A seed is a whole number from 0 to {MAX_SEED}.", "error")
