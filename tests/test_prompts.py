import threading

import pytest
import torch

from glyffuser import prompts
from glyffuser.attention import record_attention
from glyffuser.config import SampleConfig
from glyffuser.diffusion import training_scheduler
from glyffuser.one_step import take_step
from glyffuser.pipeline import GlyffuserPipeline, initial_noise
from glyffuser.prompts import CACHE_SIZE, PromptEncoder, SwitchingPrompt, batch_conditioning, make_conditioning
from glyffuser.text import MAX_TOKENS, TextEncoder, sentence_vectors

LONG = "a small bird that sings at dawn"
FEW = SampleConfig(num_inference_steps=2, guidance_scale=5)


class CountingEncoder(TextEncoder):
    """A text encoder that remembers every text it was asked to encode."""

    def __init__(self, encoder: TextEncoder) -> None:
        super().__init__(encoder.name, encoder.tokenizer, encoder.model)
        self.encoded: list[str] = []

    def __call__(self, texts):
        self.encoded += texts
        return super().__call__(texts)


@pytest.fixture
def encoder(pipeline) -> CountingEncoder:
    return CountingEncoder(pipeline.text_encoder)


@pytest.fixture
def counted(tiny_pipeline, encoder) -> GlyffuserPipeline:
    """A tiny pipeline with nothing cached and a counting encoder."""
    counted = GlyffuserPipeline(tiny_pipeline.unet, tiny_pipeline.glyph_prior, training_scheduler())
    counted.text_encoder = encoder
    return counted


def test_an_encoding_holds_what_the_text_alone_decides(counted, encoder):
    encoding = counted.encode("  a golden \t bird ")
    assert encoding.prompt == "a golden bird"
    assert encoding.tokens == ("[CLS]", "a", "golden", "bird", "[SEP]") and encoding.num_tokens == 5
    states = encoder(["a golden bird"])
    assert torch.equal(encoding.sentence, sentence_vectors(states)[0])
    assert torch.equal(encoding.conditioning.encoder_hidden_states, states.encoder_hidden_states)
    assert encoding.conditioning.encoder_attention_mask.all()
    assert all(part.device.type == "cpu" for part in (encoding.sentence, *encoding.conditioning))


def test_a_truncated_prompt_keeps_its_number_of_tokens(counted):
    encoding = counted.encode("go " * 60)
    assert encoding.num_tokens == 62 and len(encoding.tokens) == MAX_TOKENS
    assert encoding.conditioning.encoder_hidden_states.shape == (1, MAX_TOKENS, 384)


def test_a_whole_run_encodes_each_distinct_prompt_once(counted, encoder):
    x_t = initial_noise([0])[0]
    assert counted.encode(" gold ").num_tokens == 3
    suggestion = counted.suggest(["gold"])
    counted.suggest_radicals(["gold"])
    run = counted.begin(["gold", "gold"], [0, 1], FEW)
    list(run.frames)
    list(counted.stream([SwitchingPrompt("gold", "fish ", 500), "gold"], [0, 1], FEW))
    take_step(counted, "gold", 0, 500)
    record_attention(counted, "gold", x_t, [500])
    assert counted.suggest([" gold"]).equal(suggestion)
    assert sorted(encoder.encoded) == ["", "fish", "gold"]


def test_many_prompts_are_encoded_as_one_batch(counted, encoder, monkeypatch):
    batches = []
    call = TextEncoder.__call__
    monkeypatch.setattr(TextEncoder, "__call__", lambda self, texts: (batches.append(len(texts)), call(self, texts))[1])
    prompts = [f"word {number}" for number in range(20)]
    counted.begin(prompts, list(range(20)), FEW)
    assert batches == [21]  # the null prompt, too


def test_rows_do_not_depend_on_the_batch_or_the_order(counted, encoder):
    """The null prompt, a short and a long prompt, encoded together, one by one, and without a cache."""
    texts = ["gold", "", LONG]
    together = counted.encode_prompts(texts)
    one_by_one = PromptEncoder(encoder, counted.glyph_prior)
    for text in reversed(texts):
        one_by_one([text])
    states = encoder(texts)
    is_null = torch.tensor([False, True, False])
    pictures = counted.glyph_prior(sentence_vectors(states) * ~is_null[:, None])
    expected = make_conditioning(states, pictures, is_null)
    for found in (together, batch_conditioning(one_by_one(texts))):
        for name in found._fields:
            assert torch.allclose(getattr(found, name).float(), getattr(expected, name).float(), atol=1e-5), name
    assert together.encoder_attention_mask.sum(dim=1).tolist() == [3, 2, 9]
    assert (together.encoder_hidden_states[1, 2:] == 0).all()


def test_a_run_of_cached_prompts_gives_the_same_glyph(counted, encoder):
    *_, first = counted.stream([LONG, "gold"], [3, 4], FEW)
    for text in (LONG, "", "gold"):
        counted.text_encoder = encoder  # empties the cache
        counted.encode(text)
        *_, again = counted.stream([LONG, "gold"], [3, 4], FEW)
        assert torch.allclose(again.x_t, first.x_t, atol=1e-4)


def test_another_text_encoder_empties_the_cache(counted, encoder):
    counted.encode("gold")
    counted.text_encoder = other = CountingEncoder(encoder)
    counted.encode("gold")
    assert encoder.encoded == other.encoded == ["gold"]


def test_the_cache_is_bounded_and_drops_the_prompt_that_was_used_longest_ago(counted, encoder, monkeypatch):
    monkeypatch.setattr(prompts, "CACHE_SIZE", 3)
    for text in ("one", "two", "three", "one", "four"):  # "two" was used longest ago
        counted.encode(text)
    encoder.encoded.clear()
    for text in ("one", "three", "four"):
        counted.encode(text)
    assert encoder.encoded == []
    counted.encode("two")
    assert encoder.encoded == ["two"]


def test_a_batch_may_be_larger_than_the_cache(counted, encoder):
    texts = [f"word {number}" for number in range(CACHE_SIZE + 10)]
    assert [encoding.prompt for encoding in counted.prompt_encoder(texts)] == texts
    assert len(counted.prompt_encoder._cache) == CACHE_SIZE


def test_a_slow_prompt_does_not_hold_up_the_others(counted, encoder, monkeypatch):
    """While one thread encodes, another one gets its cached prompt."""
    counted.encode("gold")
    is_encoding, may_finish = threading.Event(), threading.Event()
    call = CountingEncoder.__call__

    def slow(self, texts):
        is_encoding.set()
        assert may_finish.wait(timeout=60)
        return call(self, texts)

    monkeypatch.setattr(CountingEncoder, "__call__", slow)
    found = []
    thread = threading.Thread(target=lambda: found.append(counted.encode("fish")))
    thread.start()
    assert is_encoding.wait(timeout=60)
    assert counted.encode("gold").prompt == "gold"  # would wait for ever if the cache were locked
    may_finish.set()
    thread.join()
    assert found[0].prompt == "fish"


def test_several_threads_encode_at_once(counted, monkeypatch):
    monkeypatch.setattr(prompts, "CACHE_SIZE", 2)
    texts, errors = ["gold", "fish", "bird", LONG], []
    expected = {text: counted.encode(text).sentence for text in texts}

    def work(offset):
        for turn in range(20):
            text = texts[(turn + offset) % len(texts)]
            if not torch.allclose(counted.encode(text).sentence, expected[text], atol=1e-5):
                errors.append(text)

    threads = [threading.Thread(target=work, args=[offset]) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and len(counted.prompt_encoder._cache) == 2


@pytest.mark.parametrize(
    ("prompt", "sentence"), [("x" * 201, "has 201 characters"), ("go\x00ld", r"U\+0000"), (5, "must be text; got 5")]
)
def test_a_prompt_that_cannot_be_used_is_refused_and_not_cached(counted, encoder, prompt, sentence):
    for use in (counted.encode, lambda text: counted.suggest([text]), lambda text: counted.begin([text], [0], FEW)):
        with pytest.raises(ValueError, match=sentence):
            use(prompt)
    assert encoder.encoded == []


def test_a_prompt_switches_below_its_timestep():
    prompt = SwitchingPrompt("gold", "fish", 500)
    assert [prompt.at(timestep) for timestep in (999, 500, 499, 0)] == ["gold", "gold", "fish", "fish"]
    assert (
        SwitchingPrompt("gold", "fish", 0).at(0) == "gold" and SwitchingPrompt("gold", "fish", 1000).at(999) == "fish"
    )
    for timestep in (-1, 1001):
        with pytest.raises(ValueError, match=rf"between 0 \(never\) and 1000 \(from the start\), got {timestep}"):
            SwitchingPrompt("gold", "fish", timestep)


def test_a_run_begins_with_the_noise_of_its_seeds(counted):
    run = counted.begin(["gold", ""], [5, 6], FEW)
    assert torch.equal(run.x_t, initial_noise([5, 6])[0])
