import threading

import pytest
import torch

from glyffuser import attention
from glyffuser.attention import record_attention
from glyffuser.pipeline import initial_noise
from glyffuser.unet import predict


def test_every_token_gets_a_map_and_the_shares_add_up(pipeline):
    x_t = initial_noise([0, 1, 2])[0]
    found = record_attention(pipeline, " golden  bird", x_t, [999, 500, 50])
    assert found.tokens == ["[CLS]", "golden", "bird", "[SEP]"]
    assert found.maps.shape == (3, 4, 128, 128)
    assert torch.allclose(found.maps.sum(dim=1), torch.ones(3, 128, 128), atol=1e-4)
    assert found.maps.min() >= 0


def test_recording_does_not_change_the_output(pipeline):
    x_t, timesteps = initial_noise([0])[0], torch.tensor([700])
    conditioning = pipeline.encode_prompts(["gold"])
    recording = []
    with torch.inference_mode():
        plain = predict(pipeline.unet, x_t, timesteps, conditioning)
        recorded = predict(pipeline.unet, x_t, timesteps, conditioning, recording=recording)
    assert torch.allclose(recorded, plain, atol=1e-4)
    num_layers = sum("attn2" in name for name in pipeline.unet.attn_processors)  # diffusers' name of cross-attention
    assert len(recording) == num_layers > 0 and {len(weights) for weights in recording} == {1}


def test_a_recording_holds_its_own_call_only(pipeline):
    x_t = initial_noise([0])[0]
    first = record_attention(pipeline, "gold", x_t, [500]).maps
    record_attention(pipeline, "a bird that sings", x_t, [100])
    assert torch.equal(record_attention(pipeline, "gold", x_t, [500]).maps, first)


def test_parallel_callers_get_the_maps_of_their_own_prompt(tiny_pipeline, monkeypatch):
    """Every caller reads its recording only when the network has run for all of them."""
    x_t = initial_noise([0])[0]
    calls = [("gold", [500]), ("bird", [100]), ("a fish that flies at dawn", [900])]
    alone = [record_attention(tiny_pipeline, prompt, x_t, timesteps).maps for prompt, timesteps in calls]
    all_have_run, found = threading.Barrier(len(calls), timeout=60), {}

    def predict_and_wait(*args, **kwargs):
        output = predict(*args, **kwargs)
        all_have_run.wait()
        return output

    def record(index):
        found[index] = record_attention(tiny_pipeline, calls[index][0], x_t, calls[index][1]).maps

    monkeypatch.setattr(attention, "predict", predict_and_wait)
    threads = [threading.Thread(target=record, args=[index]) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 1, 2]
    assert all(torch.allclose(found[index], alone[index], atol=1e-5) for index in found)


def test_a_prompt_that_cannot_be_used_is_refused(tiny_pipeline):
    with pytest.raises(ValueError, match="has 201 characters"):
        record_attention(tiny_pipeline, "x" * 201, initial_noise([0])[0], [500])
