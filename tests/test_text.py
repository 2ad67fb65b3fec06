import time
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

from glyffuser import text
from glyffuser.config import InputError
from glyffuser.text import (
    FOLDER_VARIABLE,
    MAX_TOKENS,
    MAX_TYPED_LENGTH,
    TextEncoder,
    TextStateCache,
    clean_prompt,
    sentence_vectors,
)

TEXTS = ["gold", "", "a small bird that sings at dawn"]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder.load("minilm")


@pytest.fixture(scope="module")
def t5_folder(tmp_path_factory):
    """A tiny random T5 with a tokenizer of its own, stored as the real one is."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("t5")
    words = ["<pad>", "</s>", "<unk>", "gold", "bird", "a", "small"]
    vocabulary = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    config = T5Config(vocab_size=len(words), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    torch.manual_seed(0)
    T5EncoderModel(config).save_pretrained(folder)
    return folder


def check_states(encoder: TextEncoder, texts: list[str]) -> None:
    states, mask = encoder(texts)
    assert states.shape == (len(texts), mask.shape[1], encoder.channels)
    assert states.dtype == torch.float32 and mask.dtype == torch.bool
    assert (states[~mask] == 0).all() and (states[mask].abs().sum(dim=-1) > 0).all()
    assert [encoder.num_tokens(t) for t in texts] == mask.sum(dim=1).tolist()


def test_minilm_gives_masked_states(encoder):
    assert encoder.channels == 384
    check_states(encoder, TEXTS)


def test_t5_gives_the_same_kind_of_states(t5_folder):
    encoder = TextEncoder.load("t5-small", t5_folder)
    assert encoder.name == "t5-small" and encoder.channels == 16
    check_states(encoder, ["gold", "", "a small bird"])
    assert isinstance(encoder.model, T5EncoderModel)


def test_the_folder_can_be_named_by_the_environment(t5_folder, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(t5_folder))
    assert TextEncoder.load("t5-small").channels == 16


def test_the_states_of_a_text_do_not_depend_on_padding(encoder):
    alone, _ = encoder(["gold"])
    among, mask = encoder(TEXTS)
    assert torch.allclose(among[0][mask[0]], alone[0], atol=1e-5)


def test_the_null_prompt_is_two_tokens(encoder):
    assert encoder.num_tokens("") == 2


def test_long_texts_are_truncated(encoder):
    _, mask = encoder(["word " * 300])
    assert mask.shape[1] == MAX_TOKENS


def test_sentence_vectors_are_unit_means(encoder):
    states = encoder(TEXTS)
    vectors = sentence_vectors(states)
    assert torch.allclose(vectors.norm(dim=-1), torch.ones(3), atol=1e-5)
    mean = encoder(["gold"]).encoder_hidden_states[0].mean(dim=0)
    assert torch.allclose(vectors[0], mean / mean.norm(), atol=1e-5)


def test_similar_meanings_have_similar_sentence_vectors(encoder):
    gold, silver, sadness = sentence_vectors(encoder(["gold", "silver metal", "sadness"]))
    assert gold @ silver > gold @ sadness


def test_unknown_encoders_are_named(tmp_path):
    with pytest.raises(ValueError, match="must be one of minilm, t5-small, got 'bert'"):
        TextEncoder.load("bert")
    with pytest.raises(OSError, match="text encoder 't5-small' was not found at .*set GLYFFUSER_TEXT_ENCODER"):
        TextEncoder.load("t5-small", tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "what"), [("tokenizer.json", None, "lacks tokenizer.json"), ("config.json", b"{", "is damaged"),
                                  ("tokenizer.json", b"garbage", "is damaged")],
)  # fmt: skip
def test_an_encoder_that_is_damaged_is_not_called_missing(tmp_path, file, content, what):
    for path in Path(text._locate("minilm", None)).iterdir():
        if path.is_file():
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / file).unlink()
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(OSError, match=f"text encoder 'minilm' at .* {what}: install it again") as caught:
        TextEncoder.load("minilm", tmp_path)
    assert "not found" not in str(caught.value)


def test_weights_other_than_the_published_ones_are_refused(tmp_path, monkeypatch):
    (tmp_path / "fake_encoder" / "model").mkdir(parents=True)
    (tmp_path / "fake_encoder" / "__init__.py").write_text("raise RuntimeError('never import the package')")
    (tmp_path / "fake_encoder" / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.syspath_prepend(tmp_path)
    source = text.EncoderSource(hub_id="a/b", channels=4, package="fake_encoder", weights_sha256="0" * 64)
    monkeypatch.setitem(text.ENCODERS, "fake", source)
    with pytest.raises(ValueError, match="is not the published a/b"):
        TextEncoder.load("fake")
    with pytest.raises(ValueError, match="is not the published a/b"):
        TextEncoder.load("fake", tmp_path / "fake_encoder" / "model")


def test_the_hub_is_the_last_resort(monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert text._locate("t5-small", None) == "google-t5/t5-small"


@pytest.fixture
def cache(encoder, tmp_path) -> TextStateCache:
    return TextStateCache.load_or_build(encoder, TEXTS, tmp_path)


def test_the_cache_gives_what_the_encoder_gives(encoder, cache):
    expected, expected_mask = encoder([TEXTS[2], TEXTS[0]])
    states, mask = cache[[TEXTS[2], TEXTS[0]]]
    assert torch.equal(mask, expected_mask)
    assert torch.allclose(states, expected, atol=2e-3)  # float16


def test_the_cache_is_written_once(encoder, cache, tmp_path, monkeypatch):
    monkeypatch.setattr(TextStateCache, "build", None)
    again = TextStateCache.load_or_build(encoder, TEXTS, tmp_path)
    assert torch.equal(again[TEXTS].encoder_hidden_states, cache[TEXTS].encoder_hidden_states)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


@pytest.mark.parametrize("size", [0, 10, 500])
def test_a_damaged_cache_is_rebuilt(encoder, cache, tmp_path, size):
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:size])
    again = TextStateCache.load_or_build(encoder, TEXTS, tmp_path)
    assert torch.equal(again[TEXTS].encoder_hidden_states, cache[TEXTS].encoder_hidden_states)
    assert path.stat().st_size > 500


def test_a_text_that_was_not_encoded_is_a_key_error(cache):
    with pytest.raises(KeyError, match="silver"):
        cache[["silver"]]


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("  gold \t and\nsilver ", "gold and silver"),
        ("cafe\u0301", "caf\u00e9"),
        ("\u202ego\u200bld\ufeff", "gold"),
        ("\u200b", ""),
        ("", ""),
        ("x" * 200, "x" * 200),
    ],
)
def test_prompts_are_cleaned(raw, cleaned):
    assert clean_prompt(raw) == cleaned


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [("x" * 201, "has 201 characters; 200 is the most"), ("go\x00ld", r"U\+0000"), ("go\x1bld", r"U\+001B")],
)
def test_invalid_prompts_are_refused_with_the_reason(raw, sentence):
    with pytest.raises(ValueError, match=sentence):
        clean_prompt(raw)


@pytest.mark.parametrize("text", ["\u0301\u0323" * 50_000, " " * 100_000, "\u200b" * 100_000, "gold" * 500_000])
def test_a_prompt_is_measured_before_it_is_normalised(text):
    """Sorting unordered combining marks takes time that grows with the square of their number."""
    start = time.process_time()
    with pytest.raises(InputError, match=f"has {len(text)} characters; 200 is the most"):
        clean_prompt(text)
    assert time.process_time() - start < 0.05


def test_the_longest_prompt_that_is_normalised_takes_milliseconds():
    start = time.process_time()
    with pytest.raises(InputError, match="has 2000 characters"):
        clean_prompt("\u0301\u0323" * (MAX_TYPED_LENGTH // 2))
    assert time.process_time() - start < 0.1


def test_what_is_no_text_is_quoted_in_short():
    with pytest.raises(InputError, match="must be text") as caught:
        clean_prompt(["x" * 1_000_000] * 100)
    assert len(str(caught.value)) < 300
