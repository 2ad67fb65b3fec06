import assert from "node:assert/strict";
import { test } from "node:test";

import { PageEvents, pathOf } from "../../glyffuser/ui/components/frame_player/page_events.js";
import { doneFields, makeFrame } from "./frames.js";

/** @param {boolean} [canHandOver] */
function makeEvents(canHandOver = true) {
  /** @type {unknown[][]} */
  const events = [];
  const props = /** @type {any} */ ({ can_hand_over: canHandOver, value: null });
  const page = new PageEvents(props, (...event) => events.push(event));
  return { page, props, events };
}

/**
 * Frames of two glyphs; the first prediction comes at step 1.
 *
 * @param {boolean} isDone
 */
function placedRun(isDone) {
  const positions = (/** @type {number} */ step) => [[step, 0.5], [step, -0.5]];
  const frames = [0, 1, 2].map((step) =>
    makeFrame({ step, num_glyphs: 2, ...(step ? { positions: positions(step), nearest: [41, 42] } : {}) }),
  );
  if (isDone) frames.push(makeFrame({ ...doneFields("a"), num_glyphs: 2, positions: positions(3), nearest: [51, 52] }));
  return frames;
}

test("the path of a glyph joins its predictions", () => {
  assert.deepEqual(pathOf(placedRun(false), 1), {
    kind: "path",
    label: "gold",
    points: [[1, -0.5], [2, -0.5]],
    nearest: null,
  });
});

test("the nearest real character belongs to a finished path only", () => {
  assert.equal(pathOf(placedRun(true), 1)?.nearest, 52);
  assert.equal(pathOf([makeFrame({ ...doneFields("a"), positions: [[1, 2]] })], 0)?.nearest, null);
});

test("without a position there is no path", () => {
  const { page, props, events } = makeEvents();
  page.tellPath([makeFrame()], null);
  assert.deepEqual([events, props.value], [[], null]);
});

test("the path of the first glyph is told when none is picked, else that of the picked one", () => {
  const { page, props, events } = makeEvents();
  page.tellPath(placedRun(false), null);
  assert.deepEqual(props.value.points, [[1, 0.5], [2, 0.5]]);
  page.tellPath(placedRun(false), 1);
  assert.deepEqual(props.value.points, [[1, -0.5], [2, -0.5]]);
  assert.deepEqual(events, [["input"], ["input"]]);
});

test("a path that has not changed is not told again", () => {
  const { page, props, events } = makeEvents();
  page.tellPath(placedRun(false), null);
  const before = props.value;
  page.tellPath(placedRun(false), 0);
  assert.equal(props.value, before);
  page.tellPath(placedRun(true), 0);
  assert.equal(props.value.points.length, 3);
  assert.equal(events.length, 2);
});

test("the same path of another run is told, since the map may have shown another one since", () => {
  const { page, events } = makeEvents();
  page.tellPath(placedRun(true), null);
  page.tellPath(placedRun(true).map((frame) => ({ ...frame, run: "b" })), null);
  assert.equal(events.length, 2);
});

test("a finished glyph that is picked is told once, and that there is none any more", () => {
  const { page, events } = makeEvents();
  const done = makeFrame(doneFields("a"));
  page.tellPick(done, null);
  page.tellPick(done, 2);
  page.tellPick(done, 2);
  page.tellPick(done, 3);
  page.tellPick(makeFrame({ run: "b" }), null);
  page.tellPick(makeFrame({ run: "b" }), 1); // not finished
  assert.deepEqual(events, [
    ["click", { run: "a", index: 2 }],
    ["click", { run: "a", index: 3 }],
    ["click", { run: "b", index: null }],
  ]);
});

test("the only glyph of a finished run counts as picked", () => {
  const { page, events } = makeEvents();
  page.tellPick(makeFrame({ num_glyphs: 1 }), null);
  page.tellPick(makeFrame({ ...doneFields("a"), num_glyphs: 1 }), null);
  page.tellPick(makeFrame({ ...doneFields("a"), num_glyphs: 1 }), 0);
  assert.deepEqual(events, [["click", { run: "a", index: 0 }]]);
});

test("the same glyph of another run is another glyph", () => {
  const { page, events } = makeEvents();
  page.tellPick(makeFrame(doneFields("a")), 0);
  page.tellPick(makeFrame({ ...doneFields("b"), run: "b" }), 0);
  assert.deepEqual(events.at(-1), ["click", { run: "b", index: 0 }]);
});

test("where glyphs cannot be handed over, picks are not told", () => {
  const { page, events } = makeEvents(false);
  page.tellPick(makeFrame(doneFields("a")), 0);
  assert.deepEqual(events, []);
});

test("a glyph is handed over by run and index, and only if one is picked", () => {
  const { page, events } = makeEvents();
  page.handOver("a", null);
  page.handOver("a", 3);
  assert.deepEqual(events, [["select", { run: "a", index: 3 }]]);
});
