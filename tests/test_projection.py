import numpy as np
import pytest

from glyffuser import projection as projection_module
from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import render_glyphs
from glyffuser.projection import Projection, ProjectionError, average_pictures


@pytest.fixture(scope="module")
def projection() -> Projection:
    pictures = np.random.default_rng(0).normal(size=(300, 1024)).astype(np.float32)
    pictures[7] = pictures[3]
    return Projection.fit(pictures)


def test_components_are_orthonormal_and_of_fixed_sign(projection):
    assert np.allclose(projection.components @ projection.components.T, np.eye(64), atol=1e-4)
    largest = np.abs(projection.components).argmax(axis=1)
    assert (projection.components[np.arange(64), largest] > 0).all()


def test_the_shipped_components_explain_two_thirds_of_the_variance():
    shipped = Projection.load()
    deviations = average_pictures(render_glyphs(load_characters()[::20])) - shipped.mean
    rest = deviations - deviations @ shipped.components.T @ shipped.components
    assert 1 - (rest**2).sum() / (deviations**2).sum() == pytest.approx(0.66, abs=0.02)


def test_neighbours_are_the_nearest_others(projection):
    found = projection.neighbours(3, 5)
    distances = np.linalg.norm(projection.coordinates - projection.coordinates[3], axis=1)
    assert found[0] == 7 and 3 not in found and len(found) == 5
    assert set(found) == set(np.argsort(distances, kind="stable")[:6]) - {3}


def test_a_glyph_is_its_own_nearest_unless_excluded(projection):
    rows = np.array([10, 20, 30])
    indices, distances = projection.nearest(projection.coordinates[rows], 2)
    assert indices[:, 0].tolist() == rows.tolist() and (distances[:, 0] == 0).all()
    others, to_others = projection.nearest(projection.coordinates[rows], 1, excluded=rows)
    assert np.array_equal(others[:, 0], indices[:, 1]) and np.array_equal(to_others[:, 0], distances[:, 1])


def test_nearest_glyphs_do_not_depend_on_the_batches(projection, monkeypatch):
    rows = np.arange(50)
    whole = projection.nearest(projection.coordinates[rows], 4, excluded=rows)
    monkeypatch.setattr(projection_module, "BATCH_SIZE", 7)
    for in_one, in_parts in zip(whole, projection.nearest(projection.coordinates[rows], 4, excluded=rows), strict=True):
        assert np.array_equal(in_one, in_parts)


def test_a_projection_is_read_as_it_was_written(projection, tmp_path):
    projection.save(tmp_path / "projection.safetensors")
    again = Projection.load(tmp_path / "projection.safetensors")
    assert np.array_equal(again.components, projection.components) and np.array_equal(again.mean, projection.mean)
    assert np.abs(again.coordinates - projection.coordinates).max() < np.abs(projection.coordinates).max() / 127


@pytest.mark.parametrize("content", [None, b"nonsense"])
def test_a_projection_that_cannot_be_read_says_what_to_do(tmp_path, content):
    path = tmp_path / "projection.safetensors"
    if content:
        path.write_bytes(content)
    with pytest.raises(ProjectionError, match=r"projection.safetensors cannot be read .* run `make map`"):
        Projection.load(path)
