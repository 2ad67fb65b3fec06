"""The score sheet: its measures against exact answers, and the whole command on a tiny checkpoint."""

import dataclasses
import json
from types import SimpleNamespace

import pytest
import torch

from glyffuser.config import SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.data.dataset import never_met
from glyffuser.data.glyphs import draw
from glyffuser.data.probe import PROBE
from glyffuser.diffusion import training_scheduler
from glyffuser.evaluation.__main__ import main
from glyffuser.evaluation.distances import Distance, distance
from glyffuser.evaluation.hits import Hits, accuracy, hits, probe
from glyffuser.evaluation.novelty import Neighbours, Novelty, neighbours, novelty, to_points
from glyffuser.evaluation.report import to_markdown
from glyffuser.evaluation.samples import SampleStore, checkpoint_digest
from glyffuser.evaluation.score_sheet import PARTS, Evaluation, Plan, ScoreSheet, SweepRow
from glyffuser.evaluation.strokes import Strokes, strokes
from glyffuser.evaluation.text_classifier import text_accuracy
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.radicals import ClassifierError, RadicalClassifier
from glyffuser.text import MAX_PROMPT_LENGTH
from glyffuser.training.radical_classifier import distort, train_reader

CHARACTERS = load_characters()
FEW = SampleConfig(num_inference_steps=2)


@pytest.fixture(scope="module")
def reader() -> RadicalClassifier:
    return RadicalClassifier.load()


@pytest.fixture
def store(tiny_pipeline, tmp_path) -> SampleStore:
    return SampleStore(tiny_pipeline, "tiny", tmp_path, batch_size=20)


class RealGlyphs:
    """Stands in for a store of samples: every prompt gets the real glyph of a character that it fits.

    Without guidance each glyph is that of the prompt after it, and one step leaves bare paper.
    """

    digest, dtype = "real", "float32"
    pipeline = SimpleNamespace(text_encoder=None)

    def __init__(self, characters):
        first_of = {c.radical: c for c in reversed(CHARACTERS) if c.split == "train"}
        self.fitting = {c.definition[:MAX_PROMPT_LENGTH]: c for c in characters}
        self.fitting |= {word: first_of[radical] for word, radical in PROBE}

    def glyphs(self, prompts, seeds, config, name="sampling"):
        chosen = [self.fitting[prompt] for prompt in prompts]
        if config.num_inference_steps == 1:
            return torch.ones(len(chosen), 1, 128, 128)
        return draw(chosen[1:] + chosen[:1] if config.guidance_scale == 1 else chosen)


class CountingPipeline:
    """Stands in for a pipeline: glyphs of one grey, and counts what it is asked for."""

    def __init__(self):
        self.asked = 0
        self.unet = SimpleNamespace(dtype=torch.float32)

    def stream(self, prompts, seeds, config):
        self.asked += len(prompts)
        yield type("Frame", (), {"x_t": torch.tensor(seeds).float().view(-1, 1, 1, 1).expand(-1, 1, 128, 128) / 127.5})


# --- the radical reader


def test_the_shipped_reader_reads_real_glyphs_it_has_not_seen(reader):
    assert accuracy(reader, [c for c in CHARACTERS if c.split == "held-out"]) >= 0.91


def test_the_reader_ranks_radicals_by_their_kangxi_number(reader):
    glyphs = draw([c for c in CHARACTERS if c.char in "河鯉"])
    assert sorted(reader.ranked(glyphs)[:, 0].tolist()) == [85, 195]
    features = reader.all_features(glyphs)
    assert features.shape == (2, reader.config.feature_channels) and features.min() >= 0


def test_a_reader_learns(tmp_path):
    few = [c for c in CHARACTERS if c.split == "train" and c.radical in (85, 140)][:200]
    learnt = train_reader(few, num_epochs=4, block_out_channels=(8, 8, 8, 8))
    assert accuracy(learnt, few) > 0.8
    learnt.save_pretrained(tmp_path)
    assert accuracy(RadicalClassifier.load(tmp_path), few) == accuracy(learnt, few)


def test_a_distorted_glyph_can_still_be_read(reader):
    torch.manual_seed(0)
    chosen = [c for c in CHARACTERS if c.split == "train"][::100]
    same = distort(draw(chosen[:1]).expand(2, -1, -1, -1))
    assert not torch.equal(same[0], same[1])  # each glyph in its own way
    assert hits(reader, distort(draw(chosen)), [c.radical for c in chosen]).top_1 > 0.8


@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_a_reader_that_cannot_be_read_says_what_to_do(tmp_path, damage):
    if damage == "garbage":
        (tmp_path / "config.json").write_text("{")
    with pytest.raises(ClassifierError, match="reader_training"):
        RadicalClassifier.load(tmp_path)


# --- hits


def test_real_glyphs_are_hits_and_others_are_not(reader):
    chosen = [c for c in CHARACTERS if c.split == "train" and c.radical == 85][:50]
    assert hits(reader, draw(chosen), [85] * 50).top_1 > 0.9
    wrong = hits(reader, draw(chosen), [140] * 50)
    assert wrong.top_1 < 0.1 and wrong.top_1 <= wrong.top_3


def test_a_hit_is_the_radical_in_the_first_place_or_among_three():
    answers = torch.tensor([[85, 9, 140], [9, 140, 85], [9, 140, 75], [140, 85, 9]])
    found = hits(SimpleNamespace(ranked=lambda _: answers), torch.zeros(4, 1, 128, 128), [85] * 4)
    assert found == Hits(top_1=0.25, top_3=0.75)


def test_the_probe_asks_every_word_once_per_seed(store, reader):
    found = probe(store, reader, FEW, num_seeds=2)
    assert found.x_0.shape == (72, 1, 128, 128)
    assert list(found.words) == [word for word, _ in PROBE]
    assert found.hits.top_1 == pytest.approx(sum(rate.top_1 for rate in found.words.values()) / 36, abs=1e-6)


def test_words_alone_tell_some_radicals(pipeline):
    some = [c for c in CHARACTERS if c.split == "train"][::40] + [c for c in CHARACTERS if c.split == "held-out"]
    assert 0.1 < text_accuracy(pipeline.text_encoder, some) < 0.7


# --- samples are kept


def test_samples_are_made_once(tmp_path):
    counting = CountingPipeline()
    first = SampleStore(counting, "a", tmp_path, batch_size=4)
    glyphs = first.glyphs(["gold"] * 6, list(range(6)), FEW)
    assert glyphs.shape == (6, 1, 128, 128) and counting.asked == 6
    assert torch.equal(first.glyphs(["gold"] * 6, list(range(6)), FEW), glyphs) and counting.asked == 6
    first.glyphs(["gold"] * 6, list(range(6)), SampleConfig(num_inference_steps=3))
    SampleStore(counting, "b", tmp_path, batch_size=4).glyphs(["gold"] * 6, list(range(6)), FEW)
    assert counting.asked == 18
    counting.unet.dtype = torch.bfloat16
    first.glyphs(["gold"] * 6, list(range(6)), FEW)
    assert counting.asked == 24


def test_a_digest_tells_checkpoints_apart(tmp_path):
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "weights").write_bytes(b"1")
    first = checkpoint_digest(tmp_path)
    assert checkpoint_digest(tmp_path) == first
    (tmp_path / "unet" / "weights").write_bytes(b"2")
    assert checkpoint_digest(tmp_path) != first


# --- likeness, novelty, strokes


def test_a_set_is_no_distance_from_itself_and_far_from_a_moved_one():
    torch.manual_seed(0)
    features = torch.randn(300, 8)
    same, moved = distance(features, features), distance(features + 3, features)
    assert same.frechet == pytest.approx(0, abs=1e-3) and same.kernel < 0.01
    assert moved.frechet == pytest.approx(8 * 9, rel=0.01)  # equal covariances: the squared distance of the means
    assert moved.kernel > 1


def test_the_kernel_distance_of_two_halves_is_about_nothing():
    torch.manual_seed(0)
    found = distance(torch.randn(400, 8), torch.randn(400, 8))
    assert abs(found.kernel) < 0.02 and found.frechet > 0.02


@pytest.fixture(scope="module")
def real_points():
    return to_points(draw(CHARACTERS[:400]))


def test_copies_are_found(real_points):
    real = neighbours(real_points, real_points, torch.arange(400))
    copied = neighbours(real_points[:20] + 0.001, real_points)
    assert copied.nearest.tolist() == list(range(20))
    found = novelty(copied, real)
    assert found.copies == found.below_quantile == found.below_ratio == 1
    assert found.real_copies < 0.1


def test_halves_of_two_real_glyphs_make_a_new_whole_with_real_parts(real_points):
    real = neighbours(real_points, real_points, torch.arange(400))
    for split in (2, 1):  # left and right, top and bottom
        mixed = real_points[:100].clone()
        half = mixed.narrow(split, 16, 16)
        half.copy_(real_points[100:200].narrow(split, 16, 16))
        near = neighbours(mixed, real_points)
        assert near.halves.max() < 1e-3
        assert novelty(near, real).copies < 0.1 and novelty(near, real).halves_inside == 1


def test_noise_is_new_in_whole_and_parts(real_points):
    torch.manual_seed(0)
    real = neighbours(real_points, real_points, torch.arange(400))
    found = novelty(neighbours(torch.randn(50, 32, 32), real_points), real)
    assert found.copies == found.halves_inside == 0
    assert found.nearest_median > found.real_nearest_median


def test_novelty_of_known_distances():
    def near(*distances):
        return Neighbours(torch.zeros(len(distances[0])), *torch.tensor(distances, dtype=torch.float64))

    steps = [i / 100 for i in range(101)]
    real = near([1 + step for step in steps], [2 + step for step in steps], steps)  # one is nearer than 1.01
    generated = near([0.5, 1.0, 1.4, 1.5, 1.6], [1, 2, 6, 7, 8], [0.1, 0.2, 0.3, 0.4, 0.95])
    expected = Novelty(
        nearest_median=1.4, real_nearest_median=1.5, below_quantile=0.4, below_ratio=0.6, copies=1, real_copies=0.0099,
        halves_inside=0.8,
    )  # fmt: skip
    assert dataclasses.asdict(novelty(generated, real)) == pytest.approx(dataclasses.asdict(expected), abs=1e-4)


def test_a_stroke_a_little_aside_is_still_near():
    real = draw(CHARACTERS[:50])
    aside = to_points(real.roll(2, dims=3)) - to_points(real)
    other = to_points(real.roll(1, dims=0)) - to_points(real)
    assert aside.square().mean() < 0.2 * other.square().mean()


def test_strokes_of_known_pictures():
    paper = torch.ones(1, 1, 128, 128)
    assert strokes(paper).blanks == 1 and strokes(paper).grey == 0
    square = paper.clone()
    square[..., 32:96, 32:96] = -1
    found = strokes(square)
    assert (found.ink, found.grey, found.speckle, found.blanks) == (0.25, 0, 0, 0)
    unfinished = square.clone()
    unfinished[..., 0, :] = 0.5  # a grey line on bare paper
    unfinished[..., 60, 40:48] = 0  # a grey spot in a stroke
    found = strokes(unfinished)
    assert found.grey == pytest.approx((128 + 8) / 128**2)
    assert found.speckle == pytest.approx(128 / (128**2 - 68**2))
    assert found.paper_tint == pytest.approx(found.speckle * 0.25)


# --- the sheet and the command


@pytest.fixture
def tiny_checkpoint(tiny_pipeline, tmp_path):
    GlyffuserPipeline(tiny_pipeline.unet, tiny_pipeline.glyph_prior, training_scheduler()).save_pretrained(
        tmp_path / "checkpoint"
    )
    return tmp_path / "checkpoint"


def test_the_command_writes_a_whole_score_sheet(tiny_checkpoint, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("glyffuser.evaluation.score_sheet.text_accuracy", lambda *_: 0.5)  # measured above
    monkeypatch.setattr("glyffuser.evaluation.hits.never_met", lambda characters: list(characters)[:20])
    monkeypatch.setattr("glyffuser.evaluation.__main__.load_characters", lambda: CHARACTERS[::8])
    folder = tmp_path / "scores"
    options = ["--checkpoint", str(tiny_checkpoint), "--output", str(folder), "--quick", "--num-glyphs", "36"]
    assert main([*options, "--num-inference-steps", "2", "--guidance-scale", "1"]) == 0
    scores = json.loads((folder / "scores.json").read_text())
    assert None not in scores.values()
    assert scores["plan"]["config"]["num_inference_steps"] == 2
    assert [row["guidance_scale"] for row in scores["guidance"]] == [1, 5, 10]
    assert [row["num_inference_steps"] for row in scores["steps"]] == [1, 10, 25]
    assert 0 <= scores["probe"]["top_1"] <= scores["probe"]["top_3"] <= 1
    text = (folder / "scores.md").read_text()
    assert text.strip() == capsys.readouterr().out.strip()
    for heading in ("Thirty-six words", "By guidance scale", "By number of steps", "Definitions never met", "Novelty"):
        assert f"## {heading}" in text
    assert (folder / "probe.png").read_bytes()[:4] == (folder / "nearest.png").read_bytes()[:4] == b"\x89PNG"
    assert main([*options, "--num-inference-steps", "2", "--parts", "likeness", "--dtype", "bfloat16"]) == 0
    assert json.loads((folder / "scores.json").read_text())["dtype"] == "bfloat16" != scores["dtype"]


def test_real_glyphs_get_the_best_marks_and_others_do_not(reader, monkeypatch):
    monkeypatch.setattr("glyffuser.evaluation.score_sheet.text_accuracy", lambda *_: 0.5)
    few = CHARACTERS[::8]
    plan = Plan(probe_seeds=1, sweep_seeds=1, guidance_scales=(1, 10), steps=(1, 25), num_glyphs=100)
    real = Evaluation(RealGlyphs(few), reader, few, plan).measure(list(PARTS))
    assert 0.9 < real.probe.top_1 < real.probe.top_3 < 1
    assert real.words["gold"] == Hits(1, 1) and real.words["fire"] == Hits(0, 1)
    unguided, guided = real.guidance
    assert (unguided.guidance_scale, guided.guidance_scale, guided.num_inference_steps) == (1, 10, 25)
    assert unguided.hits.top_3 < 0.1 and guided.hits == real.probe
    paper, finished = real.steps
    calls = (paper.num_inference_steps, finished.num_inference_steps, paper.guidance_scale)
    assert calls == (1, 25, plan.config.guidance_scale)
    assert paper.hits == Hits(0, 0) and paper.strokes.blanks == 1 and paper.strokes.ink == 0
    assert finished.hits == real.probe and finished.strokes == guided.strokes == real.probe_strokes
    assert 0.9 < real.held_out.top_1 < real.held_out.top_3 and real.held_out_shuffled.top_3 < 0.1
    assert real.held_out_text == 0.5 and real.num_held_out == len(never_met(few))
    assert real.likeness.frechet == pytest.approx(real.likeness_floor.frechet, rel=0.01)
    assert abs(real.likeness.kernel) < 0.1 < real.likeness.frechet and real.glyph_strokes == real.real_strokes
    assert real.novelty.copies == real.novelty.halves_inside == 1 and real.novelty.real_copies < 0.05
    assert real.novelty.nearest_median < 0.01 < real.novelty.real_nearest_median

    plan = dataclasses.replace(plan, config=SampleConfig(num_inference_steps=1))
    papers = Evaluation(RealGlyphs(few), reader, few, plan).measure(["likeness", "novelty"])
    assert papers.likeness_floor.frechet == pytest.approx(real.likeness_floor.frechet)
    assert papers.likeness.frechet > 2 * papers.likeness_floor.frechet and papers.likeness.kernel > 1
    assert papers.real_strokes == real.real_strokes and papers.glyph_strokes.blanks == 1 and papers.novelty.copies == 0


def test_the_markdown_puts_every_number_in_its_place():
    def marks(start, grey):
        return Strokes(ink=start, grey=grey, speckle=start + 0.01, paper_tint=start + 0.02, blanks=start + 0.03)

    sheet = ScoreSheet(
        checkpoint="abc",
        dtype="float16",
        plan=Plan(SampleConfig(7, 3, "ddim"), probe_seeds=5, num_glyphs=44),
        reader_accuracy=0.901,
        real_strokes=marks(0.1, grey=0.2),
        probe=Hits(0.601, 0.701),
        words={"grass": Hits(0.11, 0.12), "water": Hits(0.13, 0.14)},
        probe_strokes=marks(0.2, grey=0.3),
        guidance=[SweepRow(1.5, 8, Hits(0.211, 0.212), marks(0.3, grey=0.4))],
        steps=[SweepRow(2.5, 9, Hits(0.221, 0.222), marks(0.4, grey=0.5))],
        held_out=Hits(0.311, 0.312),
        held_out_shuffled=Hits(0.321, 0.322),
        held_out_text=0.331,
        num_held_out=55,
        likeness=Distance(411.1, 0.412),
        likeness_floor=Distance(421.1, 0.422),
        glyph_strokes=marks(0.5, grey=0.6),
        novelty=Novelty(0.511, 0.512, 0.513, 0.514, 0.515, 0.516, 0.517),
    )
    text = to_markdown(sheet, [])
    for sentence in (
        "Checkpoint abc, computed in float16. Unless a table says otherwise: ddim, 7 steps, guidance 3 from timestep "
        "999 to 400, perturbed-attention guidance 3 from 800 to 500. The radical reader reads 0.901 of",
        "5 glyphs a word. The reader names that radical first in **0.601** of them, among its first three in **0.701**",
        "55 held-out definitions, one glyph each",
        "44 glyphs against as many real ones",
        "44 glyphs, prompted with definitions of the training data",
    ):
        assert sentence in text
    tables = [line for line in text.splitlines() if line.startswith("|") and "---" not in line]
    assert tables == [
        "| word | first | first three |",
        "| grass | 0.11 | 0.12 |",
        "| water | 0.13 | 0.14 |",
        "| guidance | first | first three | ink | grey, to real | speckle | blanks |",
        "| 1.5 | 0.211 | 0.212 | 0.300 | 2.00 | 0.3100 | 0.330 |",
        "| steps | first | first three | ink | grey, to real | speckle | blanks |",
        "| 9 | 0.221 | 0.222 | 0.400 | 2.50 | 0.4100 | 0.430 |",
        "|  | first | first three |",
        "| radicals dealt out anew (floor) | 0.321 | 0.322 |",
        "| **generated glyphs** | 0.311 | 0.312 |",
        "| a classifier of the words alone, for comparison | 0.331 |  |",
        "|  | Fréchet distance | kernel distance |",
        "| **generated glyphs** | 411.10 | 0.4120 |",
        "| other real glyphs | 421.10 | 0.4220 |",
        "|  | generated | real |",
        "| median distance to the nearest real glyph | 0.511 | 0.512 |",
        "| nearer than 1% of the real | 0.513 | 0.010 |",
        "| nearest less than a third as far as the second | 0.514 |  |",
        "| **copies**: one or the other | 0.515 | 0.516 |",
        "| both halves within the real 90% | 0.517 | 0.900 |",
        "|  | ink | grey | grey, to real | speckle | paper tint | blanks |",
        "| real glyphs | 0.100 | 0.2000 | 1.00 | 0.1100 | 0.1200 | 0.130 |",
        "| the 36 words | 0.200 | 0.3000 | 1.50 | 0.2100 | 0.2200 | 0.230 |",
        "| definitions | 0.500 | 0.6000 | 3.00 | 0.5100 | 0.5200 | 0.530 |",
    ]


def test_only_the_parts_asked_for_are_measured(store, reader):
    evaluation = Evaluation(store, reader, CHARACTERS, Plan(FEW, probe_seeds=1, num_glyphs=20))
    sheet = evaluation.measure(["probe"])
    assert sheet.probe is not None and sheet.novelty is None and sheet.guidance is None
    assert sheet.reader_accuracy > 0.9 and sheet.real_strokes.speckle == 0
    text = to_markdown(sheet, sorted(evaluation.pictures))
    assert "## Novelty" not in text and "![" in text
    assert isinstance(sheet, ScoreSheet)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--checkpoint", "nowhere"], "nowhere"),
        (["--reader", "nowhere"], "the radical reader in nowhere cannot be read"),
        (["--guidance-scale", "0.5"], "guidance_scale must lie between 1"),
        (["--num-glyphs", "20000"], "compare at most half"),
        (["--num-glyphs", "0"], "--num-glyphs must be at least 1"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(options, sentence, capsys, tmp_path):
    assert main([*options, "--output", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    last = error.strip().split("\n")[-1]  # progress bars come before it
    assert last.startswith("glyffuser.evaluation: ") and sentence in last and "Traceback" not in error
