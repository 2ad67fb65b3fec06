import torch

from glyffuser.data.characters import load_characters
from glyffuser.data.dataset import distinct_captions
from glyffuser.text import TextStateCache
from glyffuser.training.captions import caption_states


def test_captions_are_encoded_once_with_a_progress_bar(pipeline, tmp_path, capsys):
    characters = load_characters()[:40]
    captions = distinct_captions(characters)
    states = caption_states(pipeline.text_encoder, characters, tmp_path)
    assert (
        "encoding captions: 100%" in (shown := capsys.readouterr().err) and f"{len(captions)}/{len(captions)}" in shown
    )
    plain = TextStateCache.build(pipeline.text_encoder, captions)
    assert all(map(torch.equal, states[captions], plain[captions]))
    again = caption_states(pipeline.text_encoder, characters, tmp_path)
    assert all(map(torch.equal, again[captions], plain[captions]))
    assert "encoding captions" not in capsys.readouterr().err
