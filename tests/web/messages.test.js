import assert from "node:assert/strict";
import { test } from "node:test";

import { MessageQueue, changesOf } from "../../glyffuser/ui/components/glyph_map/messages.js";
import { INITIAL } from "../../glyffuser/ui/components/glyph_map/state.js";
import { DATA } from "./glyph_map_fixtures.js";

/** @typedef {import("../../glyffuser/ui/components/glyph_map/messages.js").Message} Message */

/** @param {number[][]} points @returns {Message & { kind: "path" }} */
const path = (points) => ({ kind: "path", label: "fish", points, nearest: null });

test("before the map is there the newest message of each kind waits, in the order of coming", () => {
  const queue = new MessageQueue();
  const [hits, old, light, newest] = /** @type {Message[]} */ ([
    { kind: "hits", indices: [1] },
    path([[0, 0]]),
    { kind: "light", id: "1", indices: null },
    path([[0, 0], [1, 1]]),
  ]);
  for (const message of [hits, old, light, newest]) queue.push(message);
  /** @type {Message[]} */
  const received = [];
  queue.open((message) => received.push(message));
  assert.deepEqual(received, [hits, light, newest]);
  queue.push(old);
  assert.equal(received.at(-1), old);
  assert.equal(received.length, 4);
});

test("hits are a set, or none", () => {
  assert.deepEqual(changesOf({ kind: "hits", indices: [3, 1] }, INITIAL, DATA), { hits: new Set([3, 1]) });
  assert.deepEqual(changesOf({ kind: "hits", indices: [] }, INITIAL, DATA), { hits: new Set() });
  assert.deepEqual(changesOf({ kind: "hits", indices: null }, INITIAL, DATA), { hits: null });
});

test("a light switches the contours on, and off it leaves them", () => {
  const on = changesOf({ kind: "light", id: "1", indices: [2, 4], weights: [0.9, 0.1], label: "fish" }, INITIAL, DATA);
  assert.deepEqual(on.light, { indices: [2, 4], weights: [0.9, 0.1], label: "fish" });
  assert.deepEqual([on.layers?.contours, on.layers?.points, on.remark], [true, true, "light"]);
  const off = changesOf({ kind: "light", id: "2", indices: null }, { ...INITIAL, ...on }, DATA);
  assert.deepEqual(off, { light: null, remark: null });
});

test("a light without weights counts all characters alike", () => {
  const { light } = changesOf({ kind: "light", id: "1", indices: [2, 4] }, INITIAL, DATA);
  assert.deepEqual(light, { indices: [2, 4], weights: [0.5, 0.5], label: "" });
});

test("a new path takes the noise away, one that grows does not", () => {
  const first = path([[0.1, 0.2]]);
  const noisy = { ...INITIAL, timestep: 500 };
  const begun = changesOf(first, noisy, DATA);
  assert.deepEqual([begun.path, begun.timestep, begun.remark], [first, 0, "path"]);
  const longer = path([[0.1, 0.2], [0.3, 0.2]]);
  assert.deepEqual(changesOf(longer, { ...noisy, path: first }, DATA), { path: longer });
  assert.equal(changesOf(path([[0.5, 0.5]]), { ...noisy, path: longer }, DATA).timestep, 0);
});

test("going to a character shows it from near, without noise and from above", () => {
  const current = { ...INITIAL, timestep: 9, layers: { ...INITIAL.layers, surface: true } };
  const changes = changesOf({ kind: "go", id: "1", index: 4 }, current, DATA);
  assert.deepEqual(changes.view, { x: 2, y: -2, half: 0.35 });
  assert.deepEqual([changes.timestep, changes.layers?.surface], [0, false]);
  const nearer = { ...INITIAL, view: { x: 0, y: 0, half: 0.1 } };
  assert.equal(changesOf({ kind: "go", id: "1", index: 4 }, nearer, DATA).view?.half, 0.1);
});
