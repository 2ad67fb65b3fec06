"""The U-net's ONNX graph computes what torch computes, with the checkpoint's own weights and no others."""

import shutil

import numpy as np
import onnxruntime
import pytest
import torch
from tiny import TINY

from glyffuser.checkpoint import DEFAULT_CHECKPOINT, CheckpointError, find_graph, graph_path, unet_weights_path
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.training.onnx_graph import WEIGHTS_SHA256, GraphInputs, write_graph
from glyffuser.unet import Conditioning, build_unet, predict


def load(path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def session():
    return load(find_graph(DEFAULT_CHECKPOINT))


def run(session, inputs: GraphInputs) -> np.ndarray:
    return session.run(None, {name: value.numpy() for name, value in inputs._asdict().items()})[0]


def torch_answer(unet, inputs: GraphInputs) -> np.ndarray:
    """The same call of `glyffuser.unet.predict`, which wants the perturbed rows last."""
    conditioning = Conditioning(
        inputs.encoder_hidden_states, inputs.encoder_attention_mask.bool(), inputs.class_labels, inputs.prior
    )
    with torch.inference_mode():
        num_perturbed = int(inputs.is_perturbed.sum())
        return predict(unet, inputs.x_t, inputs.timesteps.long(), conditioning, num_perturbed).numpy()


def inputs_of(pipeline, prompts: list[str], timestep: int, num_perturbed: int) -> GraphInputs:
    told = pipeline.encode_prompts(prompts)
    rows = len(prompts)
    return GraphInputs(
        x_t=torch.randn(rows, 1, 128, 128, generator=torch.Generator().manual_seed(timestep)),
        timesteps=torch.full((rows,), float(timestep)),
        encoder_hidden_states=told.encoder_hidden_states,
        encoder_attention_mask=told.encoder_attention_mask.float(),
        class_labels=told.class_labels,
        prior=told.prior,
        is_perturbed=(torch.arange(rows) >= rows - num_perturbed).float(),
    )


@pytest.mark.parametrize(
    ("prompts", "timestep", "num_perturbed"),
    [
        (["gold"], 999, 0),
        (["gold", "gold"], 639, 1),
        (["gold", ""], 959, 0),
        (["a bird that sings early in the morning", "", "gold"], 519, 1),
        (["fish", "fish", "fish"], 0, 2),
    ],
)
def test_the_graph_answers_as_torch_does(pipeline, session, prompts, timestep, num_perturbed):
    inputs = inputs_of(pipeline, prompts, timestep, num_perturbed)
    answer, expected = run(session, inputs), torch_answer(pipeline.unet, inputs)
    assert answer.shape == expected.shape and np.abs(expected).max() > 0.5
    assert np.abs(answer - expected).max() < 1e-4


def test_each_row_is_perturbed_by_itself(pipeline, session):
    inputs = inputs_of(pipeline, ["gold", "gold"], 639, 0)
    inputs = inputs._replace(x_t=inputs.x_t[:1].repeat(2, 1, 1, 1))
    plain = run(session, inputs)
    mixed = run(session, inputs._replace(is_perturbed=torch.tensor([1.0, 0.0])))
    assert np.abs(mixed[1] - plain[1]).max() < 1e-5 < 0.1 < np.abs(mixed[0] - plain[0]).max()


def test_the_graph_holds_no_weights_and_names_theirs(session):
    assert graph_path(DEFAULT_CHECKPOINT).stat().st_size < 300_000
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata.keys() == {WEIGHTS_SHA256} and len(metadata[WEIGHTS_SHA256]) == 64


def test_a_graph_of_other_weights_is_refused(tmp_path):
    shutil.copytree(DEFAULT_CHECKPOINT / "unet", tmp_path / "unet")
    assert find_graph(tmp_path) == graph_path(tmp_path)
    with unet_weights_path(tmp_path).open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    with pytest.raises(CheckpointError, match="other weights.*onnx_graph"):
        find_graph(tmp_path)


def test_a_checkpoint_without_a_graph_says_how_to_make_one(tmp_path):
    with pytest.raises(CheckpointError, match="missing.*onnx_graph"):
        find_graph(tmp_path)


@pytest.fixture
def tiny_checkpoint(tmp_path):
    """The shipped checkpoint with a U-net of random weights in the place of its own."""
    shutil.copytree(DEFAULT_CHECKPOINT, tmp_path, ignore=shutil.ignore_patterns("unet"), dirs_exist_ok=True)
    torch.manual_seed(0)
    build_unet(TINY).half().save_pretrained(tmp_path / "unet")
    return tmp_path


def test_a_graph_is_made_for_any_checkpoint(tiny_checkpoint):
    session = load(write_graph(tiny_checkpoint))
    unet = GlyffuserPipeline.load(tiny_checkpoint).unet
    inputs = GraphInputs.example(unet, rows=2, tokens=3)
    assert np.abs(run(session, inputs) - torch_answer(unet, inputs)).max() < 1e-4
    assert find_graph(tiny_checkpoint) == graph_path(tiny_checkpoint)


def test_weights_of_another_type_are_refused(tiny_checkpoint):
    build_unet(TINY).save_pretrained(tiny_checkpoint / "unet")
    with pytest.raises(CheckpointError, match="F32, not F16"):
        write_graph(tiny_checkpoint)
