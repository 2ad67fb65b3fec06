"""The one sentence under a field that says what is wrong, or what to know."""

import html
import unicodedata

from glyffuser.config import MAX_SEED
from glyffuser.map.search import LAST_LATIN
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.text import MAX_TOKENS, clean_prompt
from glyffuser.ui.text import say, sentence_of


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


def prompt_notice(prompt: str, pipeline: GlyffuserPipeline) -> str:
    """What a visitor should know of a prompt, as HTML."""
    try:
        text = clean_prompt(prompt or "")
    except ValueError as error:
        return notice(sentence_of(error), "error")
    if not text:
        return notice(say("notices.no_prompt"))
    if any(unicodedata.category(char)[0] in "LS" and char > LAST_LATIN for char in text):  # letters and symbols
        return notice(say("notices.not_english"))
    if pipeline.encode(text).num_tokens > MAX_TOKENS:
        return notice(say("notices.too_many_tokens", num_tokens=MAX_TOKENS - 2))  # less the two special tokens
    return ""


def checked_prompt(text: str | None) -> tuple[str, str]:
    """A typed text as the encoder gets it; or "" and a sentence that says what is wrong with it, as HTML."""
    try:
        return clean_prompt(text or ""), ""
    except ValueError as error:
        return "", notice(sentence_of(error), "error")


def seed_notice(seed: float | None) -> str:
    """What is wrong with a seed, as HTML."""
    if seed is None or 0 <= seed <= MAX_SEED:
        return ""
    return notice(say("notices.seed", max_seed=MAX_SEED), "error")
