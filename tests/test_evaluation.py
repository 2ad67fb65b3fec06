"""The measures of an evaluation against exact answers, and the cache of samples."""

import ast
import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import glyffuser
from glyffuser.config import SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.data.glyphs import render_glyphs
from glyffuser.data.probe import PROBE
from glyffuser.evaluation import samples
from glyffuser.evaluation.copies import CopyRates, copy_rates
from glyffuser.evaluation.distances import feature_distances
from glyffuser.evaluation.halves import blurred_pictures, half_distances, real_halves_share
from glyffuser.evaluation.radical_accuracy import RadicalAccuracy, probe, radical_accuracy
from glyffuser.evaluation.samples import SAMPLING_LIBRARIES, SAMPLING_MODULES, SampleStore, code_fingerprint
from glyffuser.evaluation.strokes import stroke_stats
from glyffuser.evaluation.text_classifier import text_accuracy
from glyffuser.newness import Newness
from glyffuser.radicals import RadicalClassifier

CHARACTERS = load_characters()
TWO_STEPS = SampleConfig(num_inference_steps=2)
PACKAGE = Path(glyffuser.__file__).parent


@pytest.fixture(scope="module")
def classifier() -> RadicalClassifier:
    return RadicalClassifier.load()


class CountingPipeline:
    """In place of a pipeline: glyphs of one grey level, and the number of glyphs it was asked for."""

    def __init__(self):
        self.num_glyphs = 0
        self.unet = SimpleNamespace(dtype=torch.float32)

    def stream(self, prompts, seeds, config):
        self.num_glyphs += len(prompts)
        x_t = torch.tensor(seeds).float().view(-1, 1, 1, 1).expand(-1, 1, 128, 128) / 127.5
        yield SimpleNamespace(x_t=x_t)


# --- radical accuracy


def test_real_glyphs_have_their_radical_and_no_other(classifier):
    chosen = [c for c in CHARACTERS if c.split == "train" and c.radical == 85][:50]
    assert radical_accuracy(classifier, render_glyphs(chosen), [85] * 50).top_1 > 0.9
    wrong = radical_accuracy(classifier, render_glyphs(chosen), [140] * 50)
    assert wrong.top_1 < 0.1 and wrong.top_1 <= wrong.top_3


def test_top_1_is_the_first_radical_and_top_3_any_of_three():
    answers = torch.tensor([[85, 9, 140], [9, 140, 85], [9, 140, 75], [140, 85, 9]])
    fake = SimpleNamespace(top_k=lambda x_0, k: answers)
    expected = RadicalAccuracy(top_1=0.25, top_3=0.75)
    assert radical_accuracy(fake, torch.zeros(4, 1, 128, 128), [85] * 4) == expected


def test_the_probe_samples_every_word_once_per_seed(tiny_pipeline, tmp_path, classifier):
    store = SampleStore(tiny_pipeline, "tiny", tmp_path, batch_size=20)
    result = probe(store, classifier, TWO_STEPS, num_seeds=2)
    assert result.x_0.shape == (72, 1, 128, 128)
    assert list(result.words) == [word for word, _ in PROBE]
    mean = sum(accuracy.top_1 for accuracy in result.words.values()) / 36
    assert result.accuracy.top_1 == pytest.approx(mean, abs=1e-6)


def test_definitions_alone_imply_some_radicals(pipeline):
    some = [c for c in CHARACTERS if c.split == "train"][::40] + [c for c in CHARACTERS if c.split == "held-out"]
    assert 0.1 < text_accuracy(pipeline.text_encoder, some) < 0.7


# --- the cache of samples


def test_a_sample_is_drawn_once_per_checkpoint_settings_and_dtype(tmp_path):
    counting = CountingPipeline()
    store = SampleStore(counting, "a", tmp_path, batch_size=4)
    order = (["gold"] * 6, list(range(6)))
    glyphs = store.glyphs(*order, TWO_STEPS)
    assert glyphs.shape == (6, 1, 128, 128) and counting.num_glyphs == 6
    assert torch.equal(store.glyphs(*order, TWO_STEPS), glyphs) and counting.num_glyphs == 6
    store.glyphs(*order, SampleConfig(num_inference_steps=3))
    SampleStore(counting, "b", tmp_path, batch_size=4).glyphs(*order, TWO_STEPS)
    assert counting.num_glyphs == 18
    counting.unet.dtype = torch.bfloat16
    store.glyphs(*order, TWO_STEPS)
    assert counting.num_glyphs == 24


@pytest.mark.parametrize("library", SAMPLING_LIBRARIES)
def test_another_version_of_a_library_draws_the_samples_again(tmp_path, monkeypatch, library):
    counting, version = CountingPipeline(), importlib.metadata.version
    SampleStore(counting, "a", tmp_path).glyphs(["gold"], [0], TWO_STEPS)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.0" if name == library else version(name))
    SampleStore(counting, "a", tmp_path).glyphs(["gold"], [0], TWO_STEPS)
    assert counting.num_glyphs == 2


@pytest.mark.parametrize("module", SAMPLING_MODULES)
def test_a_change_of_the_sampling_code_draws_the_samples_again(tmp_path, monkeypatch, module):
    """The package's modules are copied beside a copy of samples.py, and one of them changed."""
    (tmp_path / "evaluation").mkdir()
    for name in SAMPLING_MODULES:
        (tmp_path / f"{name}.py").write_bytes((PACKAGE / f"{name}.py").read_bytes())
    monkeypatch.setattr(samples, "__file__", str(tmp_path / "evaluation" / "samples.py"))
    before = code_fingerprint()
    with open(tmp_path / f"{module}.py", "a") as file:
        file.write("# changed\n")
    assert code_fingerprint() != before


def imported_modules(module: str) -> set[str]:
    """The modules of glyffuser that a module imports, directly or not, itself included."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += direct_imports((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
    return found


def direct_imports(source: str) -> set[str]:
    """The top-level modules of glyffuser that a source text imports, without "glyffuser."."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name.split(".")[1] for name in names if name.startswith("glyffuser.")}


def test_every_form_of_import_is_found():
    source = "import glyffuser.text\nfrom glyffuser import prior\ndef f():\n    from glyffuser.unet import predict"
    assert direct_imports(source) == {"text", "prior", "unet"}


def test_every_module_that_sampling_imports_is_in_the_fingerprint():
    assert imported_modules("pipeline") >= {"pipeline", "images", "config"}
    assert set(SAMPLING_MODULES) == imported_modules("pipeline")


# --- distances between sets


def test_a_set_is_no_distance_from_itself_and_far_from_a_moved_one():
    torch.manual_seed(0)
    features = torch.randn(300, 8)
    same, moved = feature_distances(features, features), feature_distances(features + 3, features)
    assert same.frechet == pytest.approx(0, abs=1e-3) and same.kernel < 0.01
    assert moved.frechet == pytest.approx(8 * 9, rel=0.01)  # equal covariances: the squared distance of the means
    assert moved.kernel > 1


def test_the_kernel_distance_of_two_halves_of_a_set_is_about_0():
    torch.manual_seed(0)
    found = feature_distances(torch.randn(400, 8), torch.randn(400, 8))
    assert abs(found.kernel) < 0.02 and found.frechet > 0.02


# --- copies and halves


def test_copy_rates_of_known_glyphs():
    glyphs = [
        Newness([0], 1.0, 2.0, 0.005),  # too near
        Newness([0], 1.0, 4.0, 0.5),  # near to one alone
        Newness([0], 1.0, 4.0, 0.005),  # both
        Newness([0], 3.0, 4.0, 0.05),
        Newness([0], 9.0, 9.5, 0.9),
    ]
    assert copy_rates(glyphs) == CopyRates(nearest_median=1.0, by_distance=0.4, by_ratio=0.4, copies=0.6)


@pytest.fixture(scope="module")
def pictures():
    return blurred_pictures(render_glyphs(CHARACTERS[:400]))


@pytest.fixture(scope="module")
def real_distances(pictures):
    return half_distances(pictures, pictures, torch.arange(400))


def test_glyphs_made_of_two_real_halves_have_real_halves(pictures, real_distances):
    for split in (2, 1):  # left and right, top and bottom
        mixed = pictures[:100].clone()
        half = mixed.narrow(split, 16, 16)
        half.copy_(pictures[100:200].narrow(split, 16, 16))
        distances = half_distances(mixed, pictures)
        assert distances.max() < 1e-3 and real_halves_share(distances, real_distances) == 1


def test_one_real_half_is_not_enough(pictures):
    torch.manual_seed(0)
    mixed = pictures[:20].clone()
    mixed[:, :, 16:] = torch.randn(20, 32, 16)
    assert half_distances(mixed, pictures).min() > 0.5


def test_noise_has_no_real_halves(pictures, real_distances):
    torch.manual_seed(0)
    assert real_halves_share(half_distances(torch.randn(50, 32, 32), pictures), real_distances) == 0


def test_the_share_of_real_halves_by_known_distances():
    real = torch.arange(101) / 100  # nine in ten are at most 0.9
    assert real_halves_share(torch.tensor([0.1, 0.2, 0.3, 0.4, 0.95]), real) == pytest.approx(0.8)


def test_a_slightly_shifted_stroke_is_still_near():
    real = render_glyphs(CHARACTERS[:50])
    shifted = blurred_pictures(real.roll(2, dims=3)) - blurred_pictures(real)
    other = blurred_pictures(real.roll(1, dims=0)) - blurred_pictures(real)
    assert shifted.square().mean() < 0.2 * other.square().mean()


# --- strokes


def test_strokes_of_known_pictures():
    paper = torch.ones(1, 1, 128, 128)
    assert stroke_stats(paper).blanks == 1 and stroke_stats(paper).grey == 0
    square = paper.clone()
    square[..., 32:96, 32:96] = -1
    found = stroke_stats(square)
    assert (found.ink, found.grey, found.speckle, found.blanks) == (0.25, 0, 0, 0)
    unfinished = square.clone()
    unfinished[..., 0, :] = 0.5  # a grey line on bare paper
    unfinished[..., 60, 40:48] = 0  # a grey spot in a stroke
    found = stroke_stats(unfinished)
    assert found.grey == pytest.approx((128 + 8) / 128**2)
    assert found.speckle == pytest.approx(128 / (128**2 - 68**2))
    assert found.paper_tint == pytest.approx(found.speckle * 0.25)
