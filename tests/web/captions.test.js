import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  canvasLabel,
  doneCaption,
  frameCaption,
  pickedCaption,
  stoppedCaption,
  whereCaption,
} from "../../glyffuser/ui/components/frame_player/captions.js";
import { doneFields, makeFrame } from "./frames.js";

/** @typedef {import("../../glyffuser/ui/components/frame_player/captions.js").Shown} Shown */
/** @typedef {import("./frames.js").FrameMessage} FrameMessage */

const SENTENCES = new URL("../../glyffuser/ui/text/en.json", import.meta.url);
const TEXT = JSON.parse(readFileSync(SENTENCES, "utf8")).frame_player;
const DONE = { ...doneFields("a"), next_timestep: 0, timestep: 100 };

/**
 * @param {Partial<FrameMessage>} fields
 * @param {Partial<Shown>} [shown]
 */
function caption(fields, shown = {}) {
  const defaults = { view: "x_t", state: "running", isNewest: true, hasPicture: true, canHandOver: false };
  return frameCaption(TEXT, /** @type {Shown} */ ({ frame: makeFrame(fields), ...defaults, ...shown }));
}

test("a noisy glyph is captioned with the noise that is left in it", () => {
  assert.equal(caption({}), "step 3 of 10 · timestep 600 · What is there: glyph and noise mixed.");
});

test("a predicted glyph is captioned with the timestep at which it was predicted", () => {
  assert.equal(
    caption({}, { view: "pred_x_0" }),
    "step 3 of 10 · guessed at timestep 700 · What the model believes lies behind the noise, guidance included.",
  );
});

test("where there is no timestep, none is named", () => {
  assert.equal(
    caption({ timestep: null, unit: "model call" }, { view: "pred_x_0" }),
    "model call 3 of 10 · What the model believes lies behind the noise, guidance included.",
  );
});

test("the start is pure noise, or what the run says it is", () => {
  const start = { step: 0, timestep: null, next_timestep: 999 };
  assert.equal(caption(start), "step 0 of 10 · timestep 999 · The start: pure noise, drawn from the seed.");
  assert.equal(caption({ ...start, beginning: "A glyph." }), "step 0 of 10 · timestep 999 · A glyph.");
});

test("the end says what can be done now", () => {
  const pick = "Pick a glyph, or drag the bar back through the steps.";
  const pickNew = "Pick a glyph to see whether it is new, or drag the bar back through the steps.";
  assert.equal(caption(DONE), `step 10 of 10 · timestep 0 · Finished. ${pick}`);
  assert.equal(caption({ ...DONE, note: "All fish." }), `step 10 of 10 · timestep 0 · Finished. All fish. ${pick}`);
  assert.equal(caption(DONE, { canHandOver: true }), `step 10 of 10 · timestep 0 · Finished. ${pickNew}`);
  const single = { ...DONE, num_glyphs: 1 };
  assert.equal(caption(single, { canHandOver: true }), `step 10 of 10 · timestep 0 · Finished. ${pick}`);
});

test("only the newest frame of a stopped run says that it was stopped", () => {
  assert.equal(caption({}, { state: "stopped" }), "step 3 of 10 · timestep 600 · Stopped at step 3 of 10.");
  assert.match(caption({}, { state: "stopped", isNewest: false }), /What is there/);
  assert.match(caption({ step: 0 }, { state: "stopped" }), /Stopped at step 0 of 10\.$/);
});

test("the example run is called one", () => {
  assert.equal(
    caption({}, { state: "example" }),
    "Example: gold · step 3 of 10 · timestep 600 · What is there: glyph and noise mixed.",
  );
});

test("a picture that cannot be decoded is said, and the caption still follows the frame", () => {
  assert.equal(
    caption({}, { hasPicture: false }),
    "step 3 of 10 · timestep 600 · This picture could not be shown. What is there: glyph and noise mixed.",
  );
});

test("the canvas is described by what is drawn, where, and by the keys", () => {
  const keys = "Arrow keys pick a glyph, Escape lets go of it.";
  const frame = makeFrame();
  assert.equal(canvasLabel(TEXT, frame, "running"), `4 glyphs for gold, step 3 of 10. ${keys}`);
  assert.equal(canvasLabel(TEXT, frame, "example"), `Example: gold · 4 glyphs for gold, step 3 of 10. ${keys}`);
  const nameless = makeFrame({ num_glyphs: 1, label: "" });
  assert.equal(canvasLabel(TEXT, nameless, "done"), `1 glyph without a definition, step 3 of 10. ${keys}`);
});

test("a definition with markup, braces or patterns is only text", () => {
  const label = "<b>gold</b> ${1+1} {where} $& `x`";
  assert.ok(canvasLabel(TEXT, makeFrame({ label }), "running").includes(`for ${label}, step`));
});

test("a picked glyph is called by its number and its name, or its seed", () => {
  assert.equal(pickedCaption(TEXT, makeFrame(), 3), "Glyph 4 · seed 10");
  assert.equal(pickedCaption(TEXT, makeFrame({ names: ["no words", "+ bird", "c", "d"] }), 1), "Glyph 2 · + bird");
});

test("without a picked glyph the seeds of all are named", () => {
  assert.equal(pickedCaption(TEXT, makeFrame(), null), "Seeds 7 to 10");
  assert.equal(pickedCaption(TEXT, makeFrame({ seeds: [7] }), null), "Seed 7");
  assert.equal(pickedCaption(TEXT, makeFrame({ seeds: [7, 7, 7, 7] }), null), "Seed 7");
});

test("what a screen reader says at the end of a run", () => {
  assert.equal(doneCaption(TEXT, makeFrame({ note: "All fish." })), "Finished. All fish.");
  assert.equal(doneCaption(TEXT, makeFrame()), "Finished.");
  assert.equal(stoppedCaption(TEXT, makeFrame()), "Stopped at step 3 of 10.");
  assert.equal(whereCaption(TEXT, makeFrame({ unit: "model call" })), "model call 3 of 10");
});
