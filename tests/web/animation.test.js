import assert from "node:assert/strict";
import { test } from "node:test";

import { animationSize, chooseScenes, fitLine } from "../../glyffuser/ui/components/frame_player/animation.js";
import { makeFrame } from "./frames.js";

/** @param {number} count */
const makeFrames = (count) => Array.from({ length: count }, (_, step) => makeFrame({ step }));

/**
 * A font in which every character is half as wide as high.
 *
 * @param {string} text
 * @param {number} size
 */
const measure = (text, size) => (text.length * size) / 2;

test("small grids are drawn at twice their size, with a line for the prompt if there is one", () => {
  assert.deepEqual(animationSize(makeFrame()), { width: 524, height: 2 * (262 + 26), scale: 2 });
  assert.deepEqual(animationSize(makeFrame({ label: "" })), { width: 524, height: 524, scale: 2 });
  assert.deepEqual(animationSize(makeFrame({ num_glyphs: 9, columns: 3 })), { width: 396, height: 396 + 26, scale: 1 });
});

test("a short run is kept whole; its first and last frame stay longer", () => {
  const scenes = chooseScenes(makeFrames(4));
  assert.deepEqual(scenes.map(({ frame }) => frame.step), [0, 1, 2, 3]);
  assert.deepEqual(scenes.map(({ delay }) => delay), [800, 80, 80, 2500]);
});

test("of a long run evenly spaced frames are kept, the first and the last among them", () => {
  for (const count of [40, 41, 79, 80, 121]) {
    const steps = chooseScenes(makeFrames(count)).map(({ frame }) => frame.step);
    assert.ok(steps.length <= 40 && steps.length > 20, `${count}: ${steps.length}`);
    assert.deepEqual([steps[0], steps.at(-1)], [0, count - 1]);
    const strides = new Set(steps.slice(1, -1).map((step, i) => step - steps[i]));
    assert.equal(strides.size, 1);
  }
});

test("a run of one frame is one scene", () => {
  assert.deepEqual(chooseScenes(makeFrames(1)).map(({ delay }) => delay), [2500]);
});

test("a short line has the full size", () => {
  assert.deepEqual(fitLine("gold", 262, 16, measure), { line: "gold", size: 16 });
});

test("a longer line has a smaller font", () => {
  const { line, size } = fitLine("x".repeat(40), 262, 16, measure);
  assert.equal(line, "x".repeat(40));
  assert.ok(size < 16 && size >= 9);
  assert.ok(measure(line, size) <= 262 - 8);
});

test("a line that could not be read any more is cut", () => {
  const longest = Math.floor((262 - 4) / measure("x", 9));
  assert.deepEqual(fitLine("x".repeat(199), 262, 16, measure), { line: `${"x".repeat(longest - 1)}…`, size: 9 });
});

test("a character of two code units is cut whole, and nothing stays nothing", () => {
  assert.match(fitLine("𠀀".repeat(200), 262, 16, measure).line, /^𠀀+…$/u);
  assert.equal(fitLine("", 262, 16, measure).line, "");
});
