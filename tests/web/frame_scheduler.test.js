import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { FrameScheduler } from "../../glyffuser/ui/components/glyph_map/frame_scheduler.js";
import { settle } from "./glyph_map_fixtures.js";

/** @type {Map<number, () => void>} */
let frames;

beforeEach(() => {
  frames = new Map();
  let last = 0;
  Object.assign(globalThis, {
    requestAnimationFrame: (/** @type {() => void} */ callback) => (frames.set(++last, callback), last),
    cancelAnimationFrame: (/** @type {number} */ id) => frames.delete(id),
  });
});

/** Run the callbacks of one frame, and let their promises settle. */
async function nextFrame() {
  const due = [...frames.values()];
  frames.clear();
  due.forEach((callback) => callback());
  await settle();
}

test("several requests within a frame are drawn once", async () => {
  const draw = mock.fn(async () => {});
  const scheduler = new FrameScheduler(draw);
  for (let number = 0; number < 5; number++) scheduler.request();
  assert.equal(draw.mock.callCount(), 0);
  await nextFrame();
  await nextFrame();
  assert.equal(draw.mock.callCount(), 1);
  scheduler.request();
  await nextFrame();
  assert.equal(draw.mock.callCount(), 2);
});

test("what is requested while a drawing lasts is drawn once after it", async () => {
  /** @type {(() => void)[]} */
  const finish = [];
  const draw = mock.fn(() => new Promise((/** @type {(value: void) => void} */ resolve) => finish.push(resolve)));
  const scheduler = new FrameScheduler(draw);
  scheduler.request();
  await nextFrame();
  scheduler.request();
  scheduler.request();
  await nextFrame();
  assert.equal(draw.mock.callCount(), 1);
  finish[0]();
  await settle();
  await nextFrame();
  assert.equal(draw.mock.callCount(), 2);
});

test("a drawing that fails blocks no later one, and the same failure is reported once", async () => {
  const warn = mock.method(console, "warn", () => {});
  let message = "no WebGL";
  const draw = mock.fn(async () => {
    if (message) throw new Error(message);
  });
  const scheduler = new FrameScheduler(draw);
  for (const next of ["no WebGL", "other", "", "other"]) {
    scheduler.request();
    await nextFrame();
    message = next;
  }
  scheduler.request();
  await nextFrame();
  assert.equal(draw.mock.callCount(), 5);
  assert.deepEqual(warn.mock.calls.map((call) => call.arguments[0].message), ["no WebGL", "other", "other"]);
  warn.mock.restore();
});

test("an error that is thrown at once is reported like a rejection", async () => {
  const warn = mock.method(console, "warn", () => {});
  const scheduler = new FrameScheduler(() => {
    throw new Error("at once");
  });
  scheduler.request();
  await nextFrame();
  assert.equal(warn.mock.callCount(), 1);
  scheduler.request();
  assert.equal(frames.size, 1);
  warn.mock.restore();
});

test("nothing is drawn after the end, and failures that come then are not reported", async () => {
  const warn = mock.method(console, "warn", () => {});
  /** @type {((error: Error) => void)[]} */
  const fail = [];
  const scheduler = new FrameScheduler(() => new Promise((_, reject) => fail.push(reject)));
  scheduler.request();
  await nextFrame();
  scheduler.request();
  scheduler.stop();
  fail[0](new Error("purged"));
  await settle();
  scheduler.request();
  assert.deepEqual([frames.size, warn.mock.callCount()], [0, 0]);

  const other = new FrameScheduler(async () => assert.fail("stopped before its frame"));
  other.request();
  other.stop();
  assert.equal(frames.size, 0);
  warn.mock.restore();
});
