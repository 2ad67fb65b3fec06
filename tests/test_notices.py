import pytest

from glyffuser.ui.notices import checked_prompt, notice, prompt_notice, seed_notice
from glyffuser.ui.text import say

NO_PROMPT, NOT_ENGLISH = say("notices.no_prompt"), say("notices.not_english")
TOO_MANY_TOKENS = say("notices.too_many_tokens", num_tokens=46)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("gold", ""),
        ("café, naïve", ""),
        ("", notice(NO_PROMPT)),
        ("   ", notice(NO_PROMPT)),
        ("金", notice(NOT_ENGLISH)),
        ("золото", notice(NOT_ENGLISH)),
        ("🐟", notice(NOT_ENGLISH)),
        ("gold “and” silver – 1 €", notice(NOT_ENGLISH)),
        ("gold “and” silver…", ""),
        ("1 2 3 " * 30, notice(TOO_MANY_TOKENS)),
        ("x" * 201, notice("The prompt has 201 characters; 200 is the most.", "error")),
    ],
)
def test_each_kind_of_prompt_gets_its_sentence(pipeline, prompt, expected):
    assert prompt_notice(prompt, pipeline) == expected


def test_text_cannot_become_markup():
    assert "<script>" not in notice("<script>alert(1)</script>")
    assert notice("") == ""
    assert 'role="alert"' in notice("wrong", "error") and 'role="status"' in notice("by the way")


@pytest.mark.parametrize(
    ("seed", "is_wrong"), [(0, False), (2**32 - 1, False), (None, False), (-1, True), (2**32, True)]
)
def test_seeds_out_of_range_get_a_sentence(seed, is_wrong):
    assert ("from 0 to 4294967295" in seed_notice(seed)) == is_wrong


def test_what_is_wrong_with_a_text_is_said():
    assert checked_prompt("  a   fish ") == ("a fish", "") and checked_prompt(None) == ("", "")
    text, wrong = checked_prompt("x" * 201)
    assert text == "" and "The prompt has 201 characters" in wrong
