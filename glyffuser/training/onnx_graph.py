"""Write a checkpoint's U-net as an ONNX graph for browsers: `python -m glyffuser.training.onnx_graph FOLDER`.

The graph holds no weights. ONNX external data is a file, an offset and a length, and safetensors stores each tensor as
it is in memory, so the graph refers to the checkpoint's own float16 file and casts what it reads to float32. The hash
of that file is inside the graph (`glyffuser.checkpoint.find_graph` compares it): offsets into another file would give
noise without an error.
"""

import argparse
import json
import logging
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import nn

from glyffuser.checkpoint import CheckpointError, check_files, file_sha256, graph_path, unet_weights_path
from glyffuser.command import ends_in_one_line
from glyffuser.config import GLYPH_SIZE
from glyffuser.shipped import write_manifest
from glyffuser.text import MAX_TOKENS
from glyffuser.unet import depth_to_space, patch_size_of, space_to_depth

if TYPE_CHECKING:
    import onnx
    import onnx_ir

OPSET = 20
MAX_ROWS = 64
"""Rows of a call: glyphs, once for each kind of guidance and once more."""

WEIGHTS_SHA256 = "weights_sha256"
"""Key of the graph's metadata under which the hash of its weights stands."""


class GraphInputs(NamedTuple):
    """Inputs of the graph, all float32, so that the browser makes one kind of array; one row a glyph and answer.

    Attributes:
        x_t: (rows, 1, 128, 128).
        timesteps: (rows,), 0 to 999.
        encoder_hidden_states: (rows, tokens, text_channels).
        encoder_attention_mask: (rows, tokens), 1 = keep, 0 = padding.
        class_labels: (rows, text_channels).
        prior: (rows, 1, grid, grid).
        is_perturbed: (rows,), 1 where self-attention is perturbed, else 0.
    """

    x_t: torch.Tensor
    timesteps: torch.Tensor
    encoder_hidden_states: torch.Tensor
    encoder_attention_mask: torch.Tensor
    class_labels: torch.Tensor
    prior: torch.Tensor
    is_perturbed: torch.Tensor

    @classmethod
    def example(cls, unet: UNet2DConditionModel, rows: int = 3, tokens: int = 7) -> "GraphInputs":
        """Random inputs; the last row is perturbed."""
        grid, channels = unet.config.sample_size, unet.config.encoder_hid_dim
        return cls(
            x_t=torch.randn(rows, 1, GLYPH_SIZE, GLYPH_SIZE),
            timesteps=torch.full((rows,), 959.0),
            encoder_hidden_states=torch.randn(rows, tokens, channels),
            encoder_attention_mask=torch.ones(rows, tokens),
            class_labels=torch.randn(rows, channels),
            prior=torch.randn(rows, 1, grid, grid),
            is_perturbed=(torch.arange(rows) == rows - 1).float(),
        )


class RowwisePerturbedAttention:
    """Attention processor for export: `is_perturbed` says, row by row, where self-attention sees one position only.

    The processors of `glyffuser.unet` split the batch at a number, which a graph of any batch size cannot do; and those
    of diffusers reshape the mask in a way that torch.export does not follow.
    """

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
        is_perturbed: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Attention (Vaswani et al. 2017, equation 1); perturbed rows get their own values (Ahn et al. 2024)."""
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context)
        bias = None if attention_mask is None else attention_mask[:, None]  # (rows, 1, 1, tokens)
        q, k, v = (_split_heads(part, attn.heads) for part in (query, key, value))
        output = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)  # (rows, heads, positions, channels a head)
        output = output.transpose(1, 2).flatten(2)  # (rows, positions, channels)
        if encoder_hidden_states is None and is_perturbed is not None:
            output = torch.where(is_perturbed[:, None, None] > 0, value, output)
        return attn.to_out[0](output)


class ExportableUNet(nn.Module):
    """`glyffuser.unet.predict` as a module that casts its float16 weights itself, so that the graph does, too."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        unet.set_attn_processor(RowwisePerturbedAttention())
        self.unet = unet

    def forward(
        self,
        x_t: torch.Tensor,
        timesteps: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        encoder_attention_mask: torch.Tensor,
        class_labels: torch.Tensor,
        prior: torch.Tensor,
        is_perturbed: torch.Tensor,
    ) -> torch.Tensor:
        """`GraphInputs` -> float32 (rows, 1, 128, 128)."""
        patch_size = patch_size_of(self.unet)
        weights = {name: weight.float() for name, weight in self.unet.named_parameters()}
        model_input = torch.cat([space_to_depth(x_t, patch_size), prior], dim=1)
        settings = {
            "encoder_hidden_states": encoder_hidden_states,
            "encoder_attention_mask": encoder_attention_mask > 0,
            "class_labels": class_labels,
            "cross_attention_kwargs": {"is_perturbed": is_perturbed},
            "return_dict": False,
        }
        output = torch.func.functional_call(self.unet, weights, (model_input, timesteps), settings)[0]
        return depth_to_space(output, patch_size)


def write_graph(folder: Path) -> Path:
    """Write the graph of a checkpoint's U-net beside its weights.

    Returns:
        The file that was written.

    Raises:
        CheckpointError: if a file is missing or damaged, or if the weights are not float16.
    """
    import onnx_ir

    check_files(folder)
    weights_path = unet_weights_path(folder)
    stored = _stored_tensors(weights_path)
    unet = UNet2DConditionModel.from_pretrained(weights_path.parent, torch_dtype=torch.float16, local_files_only=True)
    graph_model = _trace(ExportableUNet(unet.eval()))
    _refer_to_weights(graph_model, stored, weights_path.name)
    proto = onnx_ir.to_proto(graph_model)
    _strip(proto)
    proto.metadata_props.add(key=WEIGHTS_SHA256, value=file_sha256(weights_path))
    path = graph_path(folder)
    path.write_bytes(proto.SerializeToString(deterministic=True))
    return path


def _split_heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    """(rows, positions, channels) -> (rows, heads, positions, channels / heads)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _trace(model: ExportableUNet) -> "onnx_ir.Model":
    """The model as a graph of any number of rows and tokens; nothing that reads a weight is folded."""
    from onnxscript.optimizer import optimize_ir

    rows = torch.export.Dim("rows", min=1, max=MAX_ROWS)
    tokens = torch.export.Dim("tokens", min=2, max=MAX_TOKENS)
    inputs = GraphInputs.example(model.unet)
    shapes = {name: {0: rows} for name in inputs._fields}
    shapes["encoder_hidden_states"] = shapes["encoder_attention_mask"] = {0: rows, 1: tokens}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of each operator of torchvision
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model,
            tuple(inputs),
            input_names=list(inputs._fields),
            output_names=["output"],
            dynamic_shapes=shapes,
            dynamo=True,
            opset_version=OPSET,
            optimize=False,
            verbose=False,
        )
    assert program is not None
    optimize_ir(program.model, should_fold=lambda node: False if _reads_weight(node) else None)
    return program.model


def _reads_weight(node: "onnx_ir.Node") -> bool:
    return any(value is not None and value.is_initializer() for value in node.inputs)


def _stored_tensors(path: Path) -> dict[str, tuple[int, int]]:
    """Offset and length of each tensor in a safetensors file (8 bytes of length, JSON, then the tensors).

    Raises:
        CheckpointError: if one of them is not float16.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    stored = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F16":
            raise CheckpointError(f"{name} in {path} is {entry['dtype']}, not F16: use glyffuser.training.export")
        begin, end = entry["data_offsets"]
        stored[name] = (8 + length + begin, end - begin)
    return stored


def _refer_to_weights(model: "onnx_ir.Model", stored: dict[str, tuple[int, int]], file_name: str) -> None:
    """Replace the weights in the graph by references to the file that holds them."""
    import onnx_ir

    prefix = "unet."
    weights = {name: value for name, value in model.graph.initializers.items() if name.startswith(prefix)}
    assert weights and {name.removeprefix(prefix) for name in weights} <= stored.keys()  # equal tensors are kept once
    for name, value in weights.items():
        offset, length = stored[name.removeprefix(prefix)]
        tensor = value.const_value
        assert tensor is not None and isinstance(tensor.shape, onnx_ir.Shape) and tensor.nbytes == length
        value.const_value = onnx_ir.ExternalTensor(
            file_name, offset, length, tensor.dtype, shape=tensor.shape, name=name
        )


def _strip(proto: "onnx.ModelProto") -> None:
    """Drop what only a reader of the graph needs: three quarters of its size."""
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.ClearField("doc_string")
    for entry in (*proto.graph.initializer, *proto.graph.input, *proto.graph.output):
        del entry.metadata_props[:]
    del proto.graph.value_info[:], proto.graph.metadata_props[:], proto.metadata_props[:]


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Write the graph of a checkpoint; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m glyffuser.training.onnx_graph", description=__doc__.splitlines()[0].split(":")[0] + "."
    )
    parser.add_argument("folder", type=Path, help="checkpoint folder")
    options = parser.parse_args(arguments)
    try:
        path = write_graph(options.folder)
    except CheckpointError as error:
        print(error, file=sys.stderr)
        return 1
    write_manifest(options.folder)
    print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
