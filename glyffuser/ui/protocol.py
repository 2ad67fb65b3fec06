"""Every message between Python and the browser, as types; `typescript.py` writes `protocol.d.ts` from them."""

from typing import Literal, NotRequired, TypedDict

Text = dict[str, str]
"""The sentences of one component, by key; `{name}` stands for a value."""


class FrameMessage(TypedDict):
    """One frame of a run, for the frame player.

    Attributes:
        run: id of the run; another id clears the frames that were kept.
        state: "done" on the last frame, else "running".
        step: 0 is pure noise, before any step.
        num_steps: model calls of the whole run.
        timestep: where the model was called for `pred_x_0`; null at step 0 and in comparisons.
        next_timestep: noise level of `x_t`, 0 when it is finished; in comparisons that of the noisiest glyph.
        x_t: grid of noised glyphs as a data URL, 128 pixels a glyph.
        pred_x_0: grid of predicted clean glyphs as a data URL; null at step 0.
        num_glyphs: glyphs in the grid.
        columns: glyphs a row.
        seeds: one a glyph, row by row.
        label: the prompt, plain text.
        names: caption of each glyph in a comparison.
        beginning: caption of step 0 where it is not pure noise.
        unit: what a step is called where it is not "step".
        positions: map coordinates (x, y) of each predicted glyph.
        nearest: index of the nearest real character of each predicted glyph.
        late_positions: by step, positions of earlier predictions that were not known in time; last frame only.
        downloads: PNG data URLs of the grid, then of each glyph; last frame only.
        download_names: their file names.
        note: a sentence about the finished glyphs, or "".
        query: query string of a link that replays the run.
    """

    run: str
    state: Literal["running", "done"]
    step: int
    num_steps: int
    timestep: int | None
    next_timestep: int
    x_t: str
    pred_x_0: str | None
    num_glyphs: int
    columns: int
    seeds: list[int]
    label: str
    names: NotRequired[list[str]]
    beginning: NotRequired[str]
    unit: NotRequired[str]
    positions: NotRequired[list[list[float]]]
    nearest: NotRequired[list[int]]
    late_positions: NotRequired[dict[str, list[list[float]]]]
    downloads: NotRequired[list[str]]
    download_names: NotRequired[list[str]]
    note: NotRequired[str]
    query: NotRequired[str]


class StoppedMessage(TypedDict):
    """Ends a run in the frame player before its last frame."""

    state: Literal["stopped"]


class WaitingMessage(TypedDict):
    """What the frame player says while the visitor's run waits.

    Attributes:
        state: tells it from messages of a run.
        sentence: place and seconds; "" once it waits no longer.
    """

    state: Literal["waiting"]
    sentence: str


class WaitingPlace(TypedDict):
    """Where a run stands in the line of all that wait for the model.

    Attributes:
        ticket: its number; 0 if it has none.
        state: "running" once its turn has come, "over" when it waits no longer, "full" if there was no room.
        before: runs before it, the one being drawn included.
        seconds: until its turn, estimated.
    """

    ticket: int
    state: Literal["waiting", "running", "over", "full"]
    before: int
    seconds: int


class WaitingShown(TypedDict):
    """What the waiting component tells the page.

    Attributes:
        state: tells it from a place.
        sentence: for those who wait; "" when nobody does.
        button: what the button says then.
    """

    state: Literal["shown"]
    sentence: str
    button: str


class PathMessage(TypedDict):
    """Path of one glyph's predictions over the map: from the frame player, or from a run of the Map tab, to the map.

    Attributes:
        label: the prompt.
        points: map coordinates (x, y) of each prediction so far.
        nearest: index of the nearest real character once the glyph is finished.
    """

    kind: Literal["path"]
    label: str
    points: list[list[float]]
    nearest: int | None


class HitsMessage(TypedDict):
    """Search result for the map: these characters stay coloured, all others turn grey; null shows all again."""

    kind: Literal["hits"]
    indices: list[int] | None


class LightMessage(TypedDict):
    """Characters whose definitions are near to a prompt, for the map; null switches the light off.

    Attributes:
        id: tells the same message sent twice apart.
        indices: characters.
        weights: their shares, summing to 1.
        label: the prompt.
    """

    kind: Literal["light"]
    id: str
    indices: list[int] | None
    weights: NotRequired[list[float]]
    label: NotRequired[str]


class GoMessage(TypedDict):
    """Moves the map to a character and selects it.

    Attributes:
        id: tells the same message sent twice apart.
        index: the character.
    """

    kind: Literal["go"]
    id: str
    index: int


class GlyphPicked(TypedDict):
    """Event data of the frame player: the finished glyph that is picked, or the only one; null when there is none.

    Attributes:
        run: id of the run.
        index: of the glyph in its grid.
    """

    run: str
    index: int | None


class CharacterPicked(TypedDict):
    """Event data of the map and of lists of characters.

    Attributes:
        action: what to do with the character.
        index: the character, in code point order.
    """

    action: Literal["show", "go", "generate", "one-step"]
    index: int


class PngChosen(TypedDict):
    """Event data of the button for PNGs.

    Attributes:
        content: the file as base64; "" if it is too large or cannot be read.
        size: bytes.
    """

    content: str
    size: int


class FramePlayerProps(TypedDict):
    """Properties of the frame player.

    Attributes:
        value: the newest message; the player itself sets it to the path of the picked glyph.
        gifenc_url: address of the GIF encoder.
        view: picture shown first.
        can_hand_over: whether a picked glyph is compared with real ones and can be taken to One step.
        idle: caption before the first run.
        example_url: address of a finished run, a JSON list of its frames, shown before the first run; "" for none.
        text: the player's sentences.
    """

    value: FrameMessage | StoppedMessage | WaitingMessage | PathMessage | None
    gifenc_url: str
    view: Literal["x_t", "pred_x_0"]
    can_hand_over: bool
    idle: str
    example_url: str
    text: Text


class WaitingProps(TypedDict):
    """Properties of the waiting component.

    Attributes:
        value: a place from the server, or what the component tells the page.
        place_url: address of a place; the ticket follows after a slash.
        button: what the button says while nobody waits.
        has_line: whether the component shows its sentence itself.
        text: the component's sentences.
    """

    value: WaitingPlace | WaitingShown | None
    place_url: str
    button: str
    has_line: bool
    text: Text


class GlyphMapProps(TypedDict):
    """Properties of the map.

    Attributes:
        value: the newest message.
        plotly_url: address of plotly.js.
        map_url: address of the folder with the map's files.
        alphas_cumprod: noise schedule, one number a timestep.
        bandwidth: of the kernel density estimate.
        position_limit: largest absolute coordinate in positions.bin.
        tile_size: side of a sprite in pixels.
        tiles_a_side: sprites a side of a page.
        text: the map's sentences.
    """

    value: PathMessage | HitsMessage | LightMessage | GoMessage | None
    plotly_url: str
    map_url: str
    alphas_cumprod: list[float]
    bandwidth: float
    position_limit: float
    tile_size: int
    tiles_a_side: int
    text: Text


MESSAGES = (
    FrameMessage,
    StoppedMessage,
    WaitingMessage,
    WaitingPlace,
    WaitingShown,
    PathMessage,
    HitsMessage,
    LightMessage,
    GoMessage,
    GlyphPicked,
    CharacterPicked,
    PngChosen,
    FramePlayerProps,
    WaitingProps,
    GlyphMapProps,
)
