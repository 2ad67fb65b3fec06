"""Messages between Python and the browser for runs on the visitor's own device; `protocol.py` holds all others."""

from typing import Literal, NotRequired, TypedDict

from glyffuser.ui.protocol import FrameMessage, StoppedMessage, Text


class NoiseSchedule(TypedDict):
    """Noise schedule of training, for runs on the visitor's device.

    Attributes:
        num_train_timesteps: its length.
        beta_start: beta of the first timestep.
        beta_end: beta of the last one; it grows linearly.
        prediction_type: what the network predicts.
    """

    num_train_timesteps: int
    beta_start: float
    beta_end: float
    prediction_type: Literal["epsilon", "v_prediction", "sample"]


class DeviceConfig(TypedDict):
    """`SampleConfig` for the visitor's device.

    Attributes:
        num_inference_steps: as there, like all of them.
        guidance_scale: 1 is off.
        sampler: its name.
        guidance_interval: first and last timestep.
        pag_scale: 0 is off.
        pag_interval: first and last timestep.
        spacing: its name.
        network: its name.
    """

    num_inference_steps: int
    guidance_scale: float
    sampler: str
    guidance_interval: list[int]
    pag_scale: float
    pag_interval: list[int]
    spacing: str
    network: str


class EncodedPrompt(TypedDict):
    """What the network is told of a prompt; arrays are base64 of little-endian float32.

    Attributes:
        num_tokens: length of `encoder_hidden_states`.
        encoder_hidden_states: (num_tokens, text_channels).
        class_labels: (text_channels,), the sentence vector.
        prior: (grid, grid), the glyph prior's picture.
    """

    num_tokens: int
    encoder_hidden_states: str
    class_labels: str
    prior: str


class DeviceRun(TypedDict):
    """A checked request that the visitor's device draws: the server's answer to the fields of the page.

    Attributes:
        run: id of the run, under which the finished glyphs are sent back.
        label: the prompt, plain text.
        seeds: one a glyph.
        columns: glyphs a row.
        settings: JSON texts that the PNGs keep: that of the grid, then of each glyph.
        file_names: of the same PNGs.
        query: of a link that replays the run.
        config: sampler, steps and guidance.
        prompt: the prompt, encoded.
        null_prompt: "", encoded.
    """

    run: str
    label: str
    seeds: list[int]
    columns: int
    settings: list[str]
    file_names: list[str]
    query: str
    config: DeviceConfig
    prompt: EncodedPrompt
    null_prompt: EncodedPrompt


class DeviceFindings(TypedDict):
    """The server's answer to the glyphs of a run on the visitor's device.

    Attributes:
        note: a sentence about the finished glyphs, or "".
        positions: map coordinates (x, y) of every glyph of every prediction that was sent.
        nearest: index of the nearest real character of each finished glyph.
    """

    note: str
    positions: list[list[list[float]]]
    nearest: list[int]


class DeviceFile(TypedDict):
    """A file that a run on the visitor's device needs.

    Attributes:
        url: its address, relative to the page.
        sha256: its hash, 64 hexadecimal digits.
        size: bytes.
    """

    url: str
    sha256: str
    size: int


class DeviceBuild(TypedDict):
    """One build of the ONNX runtime.

    Attributes:
        runtime_url: address of its JavaScript.
        loader_url: address of the JavaScript that instantiates the WebAssembly.
        wasm: the WebAssembly, gzipped.
    """

    runtime_url: str
    loader_url: str
    wasm: DeviceFile


class DeviceFiles(TypedDict):
    """All files that runs on the visitor's device may need.

    Attributes:
        graph: the network as ONNX, without weights.
        weights: safetensors.
        weights_name: name by which the graph refers to them.
        wasm: build for the processor.
        jspi: build for WebGPU.
    """

    graph: DeviceFile
    weights: DeviceFile
    weights_name: str
    wasm: DeviceBuild
    jspi: DeviceBuild


class DeviceOrder(TypedDict):
    """What the page asks of the visitor's device.

    Attributes:
        id: tells two orders apart.
        kind: "start" a run; "stop" the one that is going on; leave the next one to the "server", which ends it, too.
        fields: prompt and settings as the page has them; empty unless a run starts.
    """

    id: int
    kind: Literal["start", "stop", "server"]
    fields: list[str | int | float | bool | None]


class DeviceValue(TypedDict):
    """Value of the component for runs on the visitor's device.

    Attributes:
        where: where the visitor's runs are drawn.
        order: the page's newest order.
        message: the newest message for the frame player.
    """

    where: Literal["device", "server"]
    order: NotRequired[DeviceOrder | None]
    message: NotRequired[FrameMessage | StoppedMessage | None]


class OwnDeviceProps(TypedDict):
    """Properties of the component for runs on the visitor's device.

    Attributes:
        value: choice, order and message.
        files: what has to be fetched for each network that can be drawn with.
        schedule: noise schedule of training.
        usual: settings of a fresh page, of which the time is estimated.
        usual_num_glyphs: its number of glyphs.
        begin_url: address that checks the page's fields and encodes the prompt.
        finish_url: address that takes the finished glyphs.
        wait_url: address that says how long the server's queue is.
        text: the component's sentences.
    """

    value: DeviceValue | None
    files: dict[str, DeviceFiles]
    schedule: NoiseSchedule
    usual: DeviceConfig
    usual_num_glyphs: int
    begin_url: str
    finish_url: str
    wait_url: str
    text: Text


MESSAGES = (
    NoiseSchedule,
    DeviceConfig,
    EncodedPrompt,
    DeviceRun,
    DeviceFindings,
    DeviceFile,
    DeviceBuild,
    DeviceFiles,
    DeviceOrder,
    DeviceValue,
    OwnDeviceProps,
)
