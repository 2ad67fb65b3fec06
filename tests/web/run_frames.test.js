import assert from "node:assert/strict";
import { test } from "node:test";

import { RunFrames } from "../../glyffuser/ui/components/frame_player/run_frames.js";
import { makeFrame, makeRun } from "./frames.js";

/** @typedef {import("./frames.js").FrameMessage} FrameMessage */

/** @param {FrameMessage[]} messages */
function taken(messages) {
  const frames = new RunFrames();
  const arrivals = messages.map((frame) => frames.add(frame));
  return { frames, arrivals };
}

/** @param {RunFrames} frames */
const stepsOf = (frames) => frames.all().map((frame) => frame.step);

test("before the first run there is nothing", () => {
  const frames = new RunFrames();
  assert.deepEqual([frames.state, frames.run, frames.count], ["idle", "", 0]);
  assert.deepEqual([frames.first, frames.newest], [undefined, undefined]);
  assert.equal(frames.stop(), false);
});

test("the frames of a run are kept in order until the last one ends it", () => {
  const { frames, arrivals } = taken(makeRun("a", [0, 1, 2]));
  assert.deepEqual(arrivals, ["begun", "added", "added"]);
  assert.equal(frames.state, "running");
  frames.add(makeRun("a", [10])[0]);
  assert.deepEqual([frames.state, frames.run, frames.first?.step, frames.newest?.step], ["done", "a", 0, 10]);
});

test("a frame that is not newer than the newest one is dropped", () => {
  const { frames, arrivals } = taken(makeRun("a", [0, 4, 2, 4, 5]));
  assert.deepEqual(arrivals, ["begun", "added", "late", "late", "added"]);
  assert.deepEqual(stepsOf(frames), [0, 4, 5]);
});

test("another run replaces the frames, and what comes late of the run before is dropped", () => {
  const { frames, arrivals } = taken([...makeRun("a", [0, 1]), ...makeRun("b", [0]), ...makeRun("a", [2, 10])]);
  assert.deepEqual(arrivals, ["begun", "added", "begun", "late", "late"]);
  assert.deepEqual([frames.run, stepsOf(frames)], ["b", [0]]);
});

test("a finished run takes no more frames", () => {
  const { frames, arrivals } = taken([...makeRun("a", [0, 10]), makeFrame({ step: 11 })]);
  assert.deepEqual(arrivals, ["begun", "added", "late"]);
  assert.equal(frames.state, "done");
});

test("a stopped run keeps its frames and takes no more of them", () => {
  const { frames } = taken(makeRun("a", [0, 1]));
  assert.equal(frames.stop(), true);
  assert.equal(frames.stop(), false);
  assert.equal(frames.add(makeFrame({ step: 2 })), "late");
  assert.deepEqual([frames.state, stepsOf(frames)], ["stopped", [0, 1]]);
});

test("a finished run cannot be stopped", () => {
  const { frames } = taken(makeRun("a", [0, 10]));
  assert.equal(frames.stop(), false);
  assert.equal(frames.state, "done");
});

test("a run of which only the last frame arrives begins and ends with it", () => {
  const { frames, arrivals } = taken(makeRun("a", [10]));
  assert.deepEqual([arrivals, frames.state, frames.count], [["begun"], "done", 1]);
});

test("a step without a frame stands for the newest frame before it", () => {
  const { frames } = taken(makeRun("a", [0, 3, 7]));
  const indices = [0, 1, 2, 3, 6, 7, 8, 10].map((step) => frames.indexAtStep(step));
  assert.deepEqual(indices, [0, 0, 0, 1, 1, 2, 2, 2]);
});

test("a step before the first frame stands for the first frame", () => {
  const { frames } = taken(makeRun("a", [2, 3]));
  assert.equal(frames.indexAtStep(0), 0);
});

test("an example gives way to a run, and its own frames do not come back", () => {
  const frames = new RunFrames();
  frames.loadExample(makeRun("example", [0, 5, 10]));
  assert.deepEqual([frames.state, frames.run, frames.count], ["example", "example", 3]);
  assert.equal(frames.stop(), false);
  assert.equal(frames.add(makeFrame({ run: "b", step: 0 })), "begun");
  assert.deepEqual([frames.state, stepsOf(frames)], ["running", [0]]);
  assert.equal(frames.add(makeFrame({ run: "example", step: 1 })), "late");
});

test("the list that is handed out is a copy", () => {
  const { frames } = taken(makeRun("a", [0, 1]));
  frames.all().pop();
  assert.equal(frames.count, 2);
});
