"""The score sheet as a whole: its parts, its report, and the command on a tiny checkpoint."""

import dataclasses
import json
from types import SimpleNamespace

import pytest
import torch

from glyffuser.config import SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.data.dataset import unseen_characters
from glyffuser.data.glyphs import render_glyphs
from glyffuser.data.probe import PROBE
from glyffuser.diffusion import training_scheduler
from glyffuser.evaluation.command import main
from glyffuser.evaluation.copies import CopyRates
from glyffuser.evaluation.distances import Distances
from glyffuser.evaluation.parts import PARTS, Evaluation
from glyffuser.evaluation.radical_accuracy import RadicalAccuracy
from glyffuser.evaluation.report import to_markdown
from glyffuser.evaluation.samples import SampleStore
from glyffuser.evaluation.score_sheet import (
    DistanceScores,
    HeldOutScores,
    NewnessScores,
    Plan,
    ProbeScores,
    ScoreSheet,
    SweepRow,
)
from glyffuser.evaluation.strokes import StrokeStats
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.projection import Projection
from glyffuser.radicals import RadicalClassifier
from glyffuser.text import MAX_PROMPT_LENGTH

CHARACTERS = load_characters()
FEW = CHARACTERS[::8]


@pytest.fixture(scope="module")
def classifier() -> RadicalClassifier:
    return RadicalClassifier.load()


@pytest.fixture(scope="module")
def few_projection() -> Projection:
    projection = Projection.load()
    return dataclasses.replace(projection, coordinates=projection.coordinates[::8])


class RealGlyphs:
    """In place of a store of samples: the sample of a prompt is the real glyph of a character with that definition.

    Without guidance each sample is that of the next prompt; with one step it is bare paper.
    """

    fingerprint, dtype = "real", "float32"
    pipeline = SimpleNamespace(text_encoder=None)

    def __init__(self, characters):
        first_of = {c.radical: c for c in reversed(CHARACTERS) if c.split == "train"}
        self.by_prompt = {c.definition[:MAX_PROMPT_LENGTH]: c for c in characters}
        self.by_prompt |= {word: first_of[radical] for word, radical in PROBE}

    def glyphs(self, prompts, seeds, config, name="sampling"):
        chosen = [self.by_prompt[prompt] for prompt in prompts]
        if config.num_inference_steps == 1:
            return torch.ones(len(chosen), 1, 128, 128)
        return render_glyphs(chosen[1:] + chosen[:1] if config.guidance_scale == 1 else chosen)


def test_real_glyphs_get_the_best_scores_and_others_do_not(classifier, few_projection, monkeypatch):
    monkeypatch.setattr("glyffuser.evaluation.parts.text_accuracy", lambda *_: 0.5)
    plan = Plan(probe_seeds=1, sweep_seeds=1, guidance_scales=(1, 10), steps=(1, 25), num_glyphs=100)
    real = Evaluation(RealGlyphs(FEW), classifier, few_projection, FEW, plan).measure(list(PARTS))
    assert 0.9 < real.probe.accuracy.top_1 < real.probe.accuracy.top_3 < 1
    assert real.probe.words["gold"] == RadicalAccuracy(1, 1) and real.probe.words["fire"] == RadicalAccuracy(0, 1)
    unguided, guided = real.guidance
    assert (unguided.guidance_scale, guided.guidance_scale, guided.num_inference_steps) == (
        1,
        10,
        SampleConfig().num_inference_steps,
    )
    assert unguided.accuracy.top_3 < 0.1 and guided.accuracy == real.probe.accuracy
    paper, finished = real.steps
    settings = (paper.num_inference_steps, finished.num_inference_steps, paper.guidance_scale)
    assert settings == (1, 25, plan.config.guidance_scale)
    assert paper.accuracy == RadicalAccuracy(0, 0) and paper.strokes.blanks == 1 and paper.strokes.ink == 0
    assert finished.accuracy == real.probe.accuracy and finished.strokes == guided.strokes == real.probe.strokes
    assert 0.9 < real.held_out.generated.top_1 < real.held_out.generated.top_3 and real.held_out.shuffled.top_3 < 0.1
    assert real.held_out.text_accuracy == 0.5 and real.held_out.num_definitions == len(unseen_characters(FEW))
    assert real.distances.generated.frechet == pytest.approx(real.distances.real.frechet, rel=0.01)
    assert abs(real.distances.generated.kernel) < 0.1 < real.distances.generated.frechet
    assert real.distances.strokes == real.real_strokes
    assert real.newness.generated.copies == real.newness.real_halves == 1 and real.newness.real.copies < 0.05
    assert real.newness.generated.nearest_median < 0.5 < real.newness.real.nearest_median

    plan = dataclasses.replace(plan, config=SampleConfig(num_inference_steps=1))
    papers = Evaluation(RealGlyphs(FEW), classifier, few_projection, FEW, plan).measure(["distances", "newness"])
    assert papers.distances.real.frechet == pytest.approx(real.distances.real.frechet)
    assert papers.distances.generated.frechet > 2 * papers.distances.real.frechet
    assert papers.distances.generated.kernel > 1
    assert papers.real_strokes == real.real_strokes and papers.distances.strokes.blanks == 1
    assert papers.newness.generated.copies == 0 and papers.newness.real == real.newness.real


def test_only_the_named_parts_are_measured(tiny_pipeline, tmp_path, classifier):
    store = SampleStore(tiny_pipeline, "tiny", tmp_path)
    plan = Plan(SampleConfig(num_inference_steps=2), probe_seeds=1, num_glyphs=20)
    evaluation = Evaluation(store, classifier, Projection.load(), CHARACTERS, plan)
    sheet = evaluation.measure(["probe"])
    assert sheet.probe is not None and sheet.newness is None and sheet.guidance is None
    assert sheet.classifier_accuracy > 0.9 and sheet.real_strokes.speckle == 0
    text = to_markdown(sheet, sorted(evaluation.pictures))
    assert "## Newness" not in text and "![" in text


def test_a_map_of_other_characters_is_refused(classifier):
    with pytest.raises(ValueError, match="20592 glyphs, but there are 2574 characters; rebuild it with `make map`"):
        Evaluation(RealGlyphs(FEW), classifier, Projection.load(), FEW, Plan(num_glyphs=10))


# --- the report


def test_the_markdown_has_every_number_in_its_place():
    def strokes(start, grey):
        return StrokeStats(ink=start, grey=grey, speckle=start + 0.01, paper_tint=start + 0.02, blanks=start + 0.03)

    sheet = ScoreSheet(
        checkpoint="abc",
        dtype="float16",
        plan=Plan(SampleConfig(num_inference_steps=7, guidance_scale=3, sampler="ddim"), probe_seeds=5, num_glyphs=44),
        classifier_accuracy=0.901,
        real_strokes=strokes(0.1, grey=0.2),
        probe=ProbeScores(
            accuracy=RadicalAccuracy(0.601, 0.701),
            words={"grass": RadicalAccuracy(0.11, 0.12), "water": RadicalAccuracy(0.13, 0.14)},
            strokes=strokes(0.2, grey=0.3),
        ),
        guidance=[SweepRow(1.5, 8, RadicalAccuracy(0.211, 0.212), strokes(0.3, grey=0.4))],
        steps=[SweepRow(2.5, 9, RadicalAccuracy(0.221, 0.222), strokes(0.4, grey=0.5))],
        held_out=HeldOutScores(RadicalAccuracy(0.311, 0.312), RadicalAccuracy(0.321, 0.322), 0.331, 55),
        distances=DistanceScores(Distances(411.1, 0.412), Distances(421.1, 0.422), strokes(0.5, grey=0.6)),
        newness=NewnessScores(
            CopyRates(0.511, 0.512, 0.513, 0.514), CopyRates(0.521, 0.522, 0.523, 0.524), real_halves=0.531
        ),
    )
    text = to_markdown(sheet, [])
    for sentence in (
        "Checkpoint abc, computed in float16. Unless a table says otherwise: ddim, 7 steps "
        "(spacing: middle), guidance 3 from timestep "
        "999 to 400, perturbed-attention guidance 3 from 800 to 500. The radical classifier has a top-1 accuracy of "
        "0.901 on held-out real glyphs.",
        "2 words, each the name of a radical; 5 glyphs per word. Radical accuracy: top-1 **0.601**, top-3 **0.701**",
        "55 held-out definitions, one glyph each",
        "44 glyphs and as many real ones",
        "44 glyphs, prompted with definitions of the training data",
    ):
        assert sentence in text
    tables = [line for line in text.splitlines() if line.startswith("|") and "---" not in line]
    assert tables == [
        "| word | top-1 | top-3 |",
        "| grass | 0.11 | 0.12 |",
        "| water | 0.13 | 0.14 |",
        "| guidance | top-1 | top-3 | ink | grey / real | speckle | blanks |",
        "| 1.5 | 0.211 | 0.212 | 0.300 | 2.00 | 0.3100 | 0.330 |",
        "| steps | top-1 | top-3 | ink | grey / real | speckle | blanks |",
        "| 9 | 0.221 | 0.222 | 0.400 | 2.50 | 0.4100 | 0.430 |",
        "|  | top-1 | top-3 |",
        "| shuffled-label baseline | 0.321 | 0.322 |",
        "| **generated glyphs** | 0.311 | 0.312 |",
        "| classifier of the definition alone | 0.331 |  |",
        "|  | Fréchet distance | kernel distance (MMD) |",
        "| **generated glyphs** | 411.10 | 0.4120 |",
        "| other real glyphs | 421.10 | 0.4220 |",
        "|  | generated | real |",
        "| median distance to the nearest real glyph | 0.511 | 0.521 |",
        "| nearest is nearer than for 99% of real glyphs | 0.512 | 0.522 |",
        "| nearest is less than a third as far as the second | 0.513 | 0.523 |",
        "| **copies**: either of the two | 0.514 | 0.524 |",
        "| both halves as near to real halves as for 90% of real glyphs | 0.531 | 0.900 |",
        "|  | ink | grey | grey / real | speckle | paper tint | blanks |",
        "| real glyphs | 0.100 | 0.2000 | 1.00 | 0.1100 | 0.1200 | 0.130 |",
        "| probe | 0.200 | 0.3000 | 1.50 | 0.2100 | 0.2200 | 0.230 |",
        "| definitions | 0.500 | 0.6000 | 3.00 | 0.5100 | 0.5200 | 0.530 |",
    ]


# --- the command


@pytest.fixture
def tiny_checkpoint(tiny_pipeline, tmp_path):
    folder = tmp_path / "checkpoint"
    GlyffuserPipeline(tiny_pipeline.unet, tiny_pipeline.glyph_prior, training_scheduler()).save_pretrained(folder)
    return folder


@pytest.fixture
def few_characters(few_projection, monkeypatch):
    monkeypatch.setattr("glyffuser.evaluation.command.load_characters", lambda: FEW)
    monkeypatch.setattr("glyffuser.evaluation.command.Projection", SimpleNamespace(load=lambda: few_projection))


def test_the_command_writes_a_whole_score_sheet(tiny_checkpoint, tmp_path, capsys, few_characters, monkeypatch):
    monkeypatch.setattr("glyffuser.evaluation.parts.text_accuracy", lambda *_: 0.5)  # measured elsewhere
    monkeypatch.setattr("glyffuser.evaluation.radical_accuracy.unseen_characters", lambda characters: characters[:20])
    folder = tmp_path / "scores"
    options = ["--checkpoint", str(tiny_checkpoint), "--output", str(folder), "--quick", "--num-glyphs", "36"]
    assert main([*options, "--num-inference-steps", "2", "--guidance-scale", "1"]) == 0
    scores = json.loads((folder / "scores.json").read_text())
    assert None not in scores.values()
    assert scores["plan"]["config"]["num_inference_steps"] == 2
    assert [row["guidance_scale"] for row in scores["guidance"]] == [1, 5, 10]
    assert [row["num_inference_steps"] for row in scores["steps"]] == [1, 10, 25]
    assert 0 <= scores["probe"]["accuracy"]["top_1"] <= scores["probe"]["accuracy"]["top_3"] <= 1
    text = (folder / "scores.md").read_text()
    assert text.strip() == capsys.readouterr().out.strip()
    for heading in ("Probe", "By guidance scale", "By number of steps", "Held-out definitions", "Newness"):
        assert f"## {heading}" in text
    assert (folder / "probe.png").read_bytes()[:4] == (folder / "nearest.png").read_bytes()[:4] == b"\x89PNG"
    assert main([*options, "--num-inference-steps", "2", "--parts", "distances", "--dtype", "bfloat16"]) == 0
    assert json.loads((folder / "scores.json").read_text())["dtype"] == "bfloat16" != scores["dtype"]


def test_a_new_example_run_does_not_discard_cached_samples(tiny_checkpoint, tmp_path, few_characters):
    folder = tmp_path / "scores"
    options = ["--checkpoint", str(tiny_checkpoint), "--output", str(folder), "--num-glyphs", "36"]
    options += ["--num-inference-steps", "2", "--parts", "distances"]
    assert main(options) == 0
    before = sorted((folder / "samples").iterdir())
    (tiny_checkpoint / "example_run.json").write_text("{}")
    assert main(options) == 0
    assert len(before) == 1 and sorted((folder / "samples").iterdir()) == before


@pytest.mark.parametrize("part", ["likeness", "novelty"])
def test_former_names_of_parts_are_refused(part, capsys):
    with pytest.raises(SystemExit):
        main(["--parts", part])
    assert f"invalid choice: '{part}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--checkpoint", "nowhere"], "nowhere"),
        (["--classifier", "nowhere"], "the radical classifier in nowhere cannot be read"),
        (["--guidance-scale", "0.5"], "guidance_scale must lie between 1"),
        (["--num-glyphs", "20000"], "compare at most half"),
        (["--num-glyphs", "0"], "--num-glyphs must be at least 1"),
    ],
)
def test_an_error_is_one_sentence(options, sentence, capsys, tmp_path):
    assert main([*options, "--output", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    last = error.strip().split("\n")[-1]  # progress bars come before it
    assert last.startswith("glyffuser.evaluation: ") and sentence in last and "Traceback" not in error
