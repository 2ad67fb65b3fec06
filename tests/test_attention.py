import pytest
import torch

from glyffuser.attention import AttentionRecorder
from glyffuser.pipeline import initial_noise
from glyffuser.unet import predict


@pytest.fixture(scope="module")
def recorder(pipeline) -> AttentionRecorder:
    return AttentionRecorder(pipeline)


def test_every_token_gets_a_map_and_the_shares_add_up(recorder):
    x_t = initial_noise([0, 1, 2])[0]
    found = recorder.look("golden bird", x_t, [999, 500, 50])
    assert found.tokens == ["[CLS]", "golden", "bird", "[SEP]"]
    assert found.maps.shape == (3, 4, 128, 128)
    assert torch.allclose(found.maps.sum(dim=1), torch.ones(3, 128, 128), atol=1e-4)
    assert found.maps.min() >= 0


def test_the_twin_answers_as_the_original(pipeline, recorder):
    x_t = initial_noise([0])[0]
    conditioning = pipeline.encode_prompts(["gold"])
    with torch.inference_mode():
        answers = [predict(unet, x_t, torch.tensor([700]), conditioning) for unet in (pipeline.unet, recorder._unet)]
    assert torch.allclose(*answers, atol=1e-4)


def test_the_weights_are_shared_and_the_original_is_untouched(pipeline, recorder):
    twin = recorder._unet.state_dict()
    assert all(twin[name].data_ptr() == weight.data_ptr() for name, weight in pipeline.unet.state_dict().items())
    assert not any("Keeping" in type(p).__name__ for p in pipeline.unet.attn_processors.values())


def test_one_look_forgets_the_last(recorder):
    x_t = initial_noise([0])[0]
    first = recorder.look("gold", x_t, [500]).maps
    recorder.look("a bird that sings", x_t, [100])
    assert torch.equal(recorder.look("gold", x_t, [500]).maps, first)
