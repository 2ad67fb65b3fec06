import dataclasses
import io
import json
import shutil

import numpy as np
import pytest
import scipy.stats
from PIL import Image

from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.diffusion import training_scheduler
from glyffuser.images import uint8_to_x_0
from glyffuser.map import build, density, files
from glyffuser.map.files import MapError, MapFiles
from glyffuser.map.islands import find_continents, find_islands
from glyffuser.map.meanings import Meanings
from glyffuser.map.sprites import build_pages, morton_codes, tile_order
from glyffuser.text import sentence_vectors

CHARACTERS = load_characters()


@pytest.fixture(scope="module")
def shipped() -> MapFiles:
    return MapFiles.load()


# --- density


@pytest.fixture(scope="module")
def cloud():
    generator = np.random.default_rng(0)
    centres = np.concatenate([generator.normal(-1, 0.3, (30, 2)), generator.normal(1, 0.4, (50, 2))])
    return (centres - centres.mean(axis=0)) / centres.std(axis=0), np.full(80, 1 / 80)


ALPHA_BARS = training_scheduler().alphas_cumprod.numpy()[[100, 300, 600]]


@pytest.mark.parametrize("alpha_bar", [1.0, *ALPHA_BARS])
def test_the_density_integrates_to_one(cloud, alpha_bar):
    axis = np.linspace(-8, 8, 161)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    assert density.density(grid, *cloud, alpha_bar, 0.2).sum() * 0.1**2 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("alpha_bar", [1.0, *ALPHA_BARS])
def test_the_score_is_the_gradient_of_the_log_density(cloud, alpha_bar):
    points = np.random.default_rng(1).normal(0, 1.5, (20, 2))
    step = 1e-5

    def log_density(shift):
        return np.log(density.density(points + shift, *cloud, alpha_bar, 0.3))

    numerical = np.stack(
        [(log_density(step * unit) - log_density(-step * unit)) / (2 * step) for unit in np.eye(2)], axis=1
    )
    assert np.allclose(density.score(points, *cloud, alpha_bar, 0.3), numerical, rtol=1e-5, atol=1e-6)


def test_without_noise_it_is_the_kernel_density_estimate(cloud):
    centres, weights = cloud
    whitened = np.linalg.cholesky(np.linalg.inv(np.cov(centres.T)))  # scipy's kernel follows the data's covariance
    points, standardised = np.random.default_rng(1).normal(0, 1, (20, 2)), centres @ whitened
    theirs = scipy.stats.gaussian_kde(standardised.T, bw_method=0.25)(points.T)
    assert np.allclose(density.density(points, standardised, weights, 1.0, 0.25), theirs, rtol=1e-6)


def test_in_pure_noise_it_is_the_standard_normal(cloud):
    points = np.random.default_rng(1).normal(0, 1, (20, 2))
    normal = np.exp(-(points**2).sum(axis=1) / 2) / (2 * np.pi)
    assert np.allclose(density.density(points, *cloud, 1e-9, 0.2), normal, rtol=1e-4)
    assert np.allclose(density.score(points, *cloud, 1e-9, 0.2), -points, atol=1e-3)


@pytest.mark.parametrize("alpha_bar", [1.0, *ALPHA_BARS])
def test_the_grid_agrees_with_the_exact_density(cloud, alpha_bar):
    size = 96
    grid = density.grid_density(density.bin_weights(*cloud, size), alpha_bar, 0.2)
    axis = density.grid_axis(size)
    exact = density.density(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2), *cloud, alpha_bar, 0.2)
    assert np.abs(grid - exact.reshape(size, size)).max() < 0.03 * exact.max()


# --- positions, meanings, sprites


def test_a_real_glyph_is_located_at_its_own_position(shipped):
    indices = np.random.default_rng(0).choice(len(CHARACTERS), 60, replace=False)
    x_0 = uint8_to_x_0(GlyphRenderer().render_all(CHARACTERS[i].char for i in indices))
    positions, nearest = shipped.locate(x_0)
    same_picture = np.linalg.norm(
        shipped.projection.coordinates[nearest] - shipped.projection.coordinates[indices], axis=1
    )
    assert same_picture.max() < 0.5 and (nearest == indices).mean() > 0.95
    assert np.linalg.norm(positions - shipped.positions[indices], axis=1).max() < 0.1


def test_nearest_meanings_are_those_of_the_sentence(shipped, pipeline):
    def nearest(text, count):
        indices, _ = shipped.meanings.nearest(sentence_vectors(pipeline.text_encoder([text]))[0].numpy(), count)
        return [CHARACTERS[index] for index in indices]

    assert {"金", "钅"} <= {c.char for c in nearest("gold", 5)}
    assert "心" in {c.char for c in nearest("heart", 3)}
    assert all("bird" in c.definition for c in nearest("a small bird that sings", 5))


def test_reduced_vectors_find_what_whole_vectors_find(shipped, pipeline):
    texts = ["gold", "to eat", "kind of tree", "city", "anger", "a ship with two sails"]
    vectors = sentence_vectors(pipeline.text_encoder(texts)).numpy()
    senses = sorted({sense for character in CHARACTERS[:300] for sense in character.senses})
    whole = sentence_vectors(pipeline.text_encoder(senses)).numpy()
    small = Meanings.fit(CHARACTERS[:300], senses, whole)
    exact = dataclasses.replace(small, basis=np.eye(384, dtype=np.float32), senses=whole)
    shares = [len(set(small.nearest(v, 20)[0]) & set(exact.nearest(v, 20)[0])) / 20 for v in vectors]
    assert np.mean(shares) > 0.8, shares


def test_weights_of_a_prompt_fall_with_distance(shipped, pipeline):
    sentence = sentence_vectors(pipeline.text_encoder(["fish"]))[0].numpy()
    indices, weights = shipped.meanings.weights(sentence)
    assert weights.sum() == pytest.approx(1, abs=1e-5) and (np.diff(weights) <= 0).all()
    assert len(set(indices.tolist())) == len(indices)


def test_morton_order_keeps_neighbours_together():
    corners = np.array([[0, 0], [0.999, 0], [0, 0.999], [0.999, 0.999]])
    assert np.argsort(morton_codes(corners)).tolist() == [0, 1, 2, 3]
    axis = (np.arange(16) + 0.5) / 16
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    in_order = points[np.argsort(tile_order(points))]
    quarter = in_order[:64]  # the first quarter of the curve is one quarter of the square
    assert quarter.max() < 0.5


def test_a_tile_is_at_its_number():
    generator = np.random.default_rng(0)
    glyphs = generator.integers(0, 2, (1030, 128, 128), dtype=np.uint8) * 255
    tiles = generator.permutation(1030).astype(np.uint16)
    pages = [np.asarray(Image.open(io.BytesIO(page)).convert("L")) for page in build_pages(glyphs, tiles)]
    assert len(pages) == 2 and pages[0].shape == (2048, 2048)
    for index in (0, 500, 1029):
        row, column = divmod(int(tiles[index]) % 1024, 32)
        tile = pages[int(tiles[index]) // 1024][64 * row : 64 * row + 64, 64 * column : 64 * column + 64]
        small = glyphs[index].reshape(64, 2, 64, 2).mean(axis=(1, 3))
        assert np.abs(tile - small).max() < 20  # half of one of eight grey levels


# --- the shipped map


def test_the_shipped_map_is_whole_and_small(shipped):
    size = sum((shipped.folder / name).stat().st_size for name in shipped.manifest["files"])
    assert size < 12e6
    on_disk = {path.relative_to(shipped.folder).as_posix() for path in shipped.folder.rglob("*") if path.is_file()}
    assert on_disk == {files.MANIFEST, *shipped.manifest["files"]}
    assert shipped.manifest["umap"]["figures"]["trustworthiness"] > 0.88


def test_the_shipped_map_holds_every_character_in_order(shipped):
    glyphs = json.loads((shipped.folder / files.GLYPHS).read_text())
    assert glyphs["codepoints"] == [c.codepoint for c in CHARACTERS]
    assert glyphs["definitions"] == [c.definition for c in CHARACTERS]
    assert [glyphs["layout_names"][i] for i in glyphs["layouts"]] == [c.layout for c in CHARACTERS]
    assert glyphs["pinyin"] == [c.pinyin for c in CHARACTERS]
    assert shipped.positions.shape == (len(CHARACTERS), 2)
    assert np.allclose(shipped.positions.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(shipped.positions.std(axis=0), 1, atol=1e-3)


def test_the_shipped_tiles_show_their_characters(shipped):
    tiles = np.frombuffer((shipped.folder / files.TILES).read_bytes(), "<u2")
    assert sorted(tiles.tolist()) == list(range(len(CHARACTERS)))
    renderer, pages = GlyphRenderer(), {}
    for index in np.random.default_rng(0).choice(len(CHARACTERS), 200, replace=False):
        number, cell = divmod(int(tiles[index]), 1024)
        if number not in pages:
            pages[number] = np.asarray(Image.open(shipped.folder / f"sprites/{number:02}.webp").convert("L"))
        row, column = divmod(cell, 32)
        tile = pages[number][64 * row : 64 * row + 64, 64 * column : 64 * column + 64].astype(int)
        glyph = np.asarray(renderer.render(CHARACTERS[index].char)).reshape(64, 2, 64, 2).mean(axis=(1, 3))
        assert np.abs(tile - glyph).max() < 20, CHARACTERS[index].char


def test_islands_have_the_names_of_their_radicals(shipped):
    islands = find_islands(CHARACTERS, shipped.positions)
    names = {island.name for island in islands}
    assert {"water", "gold", "silk", "speech", "fish", "grass"} <= names and len(names) == len(islands) >= 20
    assert all(island.share >= 0.3 for island in islands)
    left_right, top_bottom = find_continents(CHARACTERS, shipped.positions)
    assert left_right.share > 0.9 and top_bottom.share > 0.7 and top_bottom.y > left_right.y


@pytest.mark.parametrize("name", [files.MANIFEST, files.POSITIONS, "sprites/03.webp"])
def test_a_missing_file_is_named(copied_map, name):
    (copied_map / name).unlink()
    with pytest.raises(MapError, match=f"{name} is missing: restore it with .git checkout"):
        MapFiles.load(copied_map)


@pytest.mark.parametrize("name", [files.TILES, files.MANIFEST])
def test_a_damaged_file_is_named(copied_map, name):
    (copied_map / name).write_bytes(b"nonsense")
    with pytest.raises(MapError, match=f"{name} is damaged"):
        MapFiles.load(copied_map)


def test_a_map_of_another_format_is_named(copied_map):
    manifest = json.loads((copied_map / files.MANIFEST).read_text())
    (copied_map / files.MANIFEST).write_text(json.dumps(manifest | {"format": 0}))
    with pytest.raises(MapError, match="has format 0, not 1: .* or run .make map."):
        MapFiles.load(copied_map)


@pytest.fixture
def copied_map(shipped, tmp_path):
    return shutil.copytree(shipped.folder, tmp_path / "map")


def test_updating_the_characters_gives_the_shipped_files(shipped, copied_map):
    former = json.loads((copied_map / files.GLYPHS).read_text())
    (copied_map / files.GLYPHS).write_text(json.dumps({"definitions": former["definitions"]}))
    manifest = json.loads((copied_map / files.MANIFEST).read_text())
    manifest["files"][files.GLYPHS] = files.sha256(copied_map / files.GLYPHS)
    manifest["umap"]["figures"]["same_layout"] = 0
    (copied_map / files.MANIFEST).write_text(json.dumps(manifest))
    assert build.update_characters(CHARACTERS, copied_map) == shipped.manifest
    for name in (files.MANIFEST, *shipped.manifest["files"]):
        assert (copied_map / name).read_bytes() == (shipped.folder / name).read_bytes(), name


def test_characters_of_another_map_are_refused(copied_map):
    with pytest.raises(ValueError, match="was built from other definitions: run `make map`"):
        build.update_characters(CHARACTERS[1:], copied_map)


def test_positions_are_packed_to_a_ten_thousandth():
    positions = np.random.default_rng(0).normal(size=(50, 2))
    assert np.abs(files.unpack_positions(files.pack_positions(positions)) - positions).max() < 1e-4


def test_building_twice_gives_the_same_bytes(pipeline, tmp_path):
    characters = CHARACTERS[::100]
    config = build.UmapConfig(n_neighbors=10)
    stages = []
    manifests = [
        build.build_map(characters, pipeline.text_encoder, tmp_path / name, tmp_path, config, stages.append)
        for name in ("one", "two")
    ]
    assert manifests[0] == manifests[1] and manifests[0]["num_glyphs"] == len(characters)
    assert "writing" in stages
    again = MapFiles.load(tmp_path / "one")
    x_0 = uint8_to_x_0(GlyphRenderer().render_all(c.char for c in characters[:5]))
    assert np.linalg.norm(again.locate(x_0)[0] - again.positions[:5], axis=1).max() < 0.2
