import assert from "node:assert/strict";
import { test } from "node:test";

import { Gestures } from "../../glyffuser/ui/components/glyph_map/gestures.js";
import { SpatialIndex } from "../../glyffuser/ui/components/glyph_map/spatial_index.js";
import { MapState } from "../../glyffuser/ui/components/glyph_map/state.js";
import { cameraOf } from "../../glyffuser/ui/components/glyph_map/view.js";
import { DATA } from "./glyph_map_fixtures.js";

const SIZE = { width: 800, height: 400 };
const BORDER = 1;
const LEFT = 30; // where the stage lies in the window
const TOP = 50;

/** A stage without a page. */
class FakeStage extends EventTarget {
  clientLeft = BORDER;
  clientTop = BORDER;
  getBoundingClientRect() {
    return { left: LEFT, top: TOP };
  }
  setPointerCapture() {}
}

/** A stage with gestures; `act` sends it an event at a pixel. */
function fakeGestures({ glyphSize = 0 } = {}) {
  Object.assign(globalThis, { Element: class {} });
  const stage = new FakeStage();
  const state = new MapState({ size: SIZE });
  /** @type {number[]} */
  const picked = [];
  const lifetime = new AbortController();
  new Gestures({
    stage: /** @type {any} */ (stage),
    state,
    index: new SpatialIndex(DATA.xs, DATA.ys),
    glyphSize: () => glyphSize,
    pick: (index) => picked.push(index),
    signal: lifetime.signal,
  });
  /** @param {string} type @param {{ x: number, y: number }} pixel @param {object} [more] */
  const act = (type, { x, y }, more = {}) => {
    const event = new Event(type, { cancelable: true });
    const where = { clientX: LEFT + BORDER + x, clientY: TOP + BORDER + y };
    const pointer = { pointerId: 1, pointerType: "mouse", button: 0, buttons: 1 };
    stage.dispatchEvent(Object.assign(event, where, pointer, more));
    return event;
  };
  /** Pixel of a character. @param {number} index */
  const at = (index) => {
    const { toX, toY } = cameraOf(state.current.view, SIZE);
    return { x: toX(DATA.xs[index]), y: toY(DATA.ys[index]) };
  };
  return { state, picked, act, at, lifetime };
}

test("a click picks the character under it", () => {
  const { act, at, picked, state } = fakeGestures();
  act("pointerdown", at(2));
  act("pointerup", at(2));
  assert.deepEqual(picked, [2]);
  assert.equal(state.current.hovered?.index, 2);
});

test("a click beside all characters picks none", () => {
  const { act, picked, state } = fakeGestures();
  act("pointerdown", { x: 700, y: 10 });
  act("pointerup", { x: 700, y: 10 });
  assert.deepEqual([picked, state.current.hovered], [[], null]);
});

test("pointing shows the card, leaving hides it", () => {
  const { act, at, state } = fakeGestures();
  const pixel = { x: at(3).x + 4, y: at(3).y - 3 };
  act("pointermove", pixel, { buttons: 0 });
  assert.deepEqual(state.current.hovered, { index: 3, ...pixel });
  act("pointerleave", pixel);
  assert.equal(state.current.hovered, null);
});

test("a finger reaches farther than a mouse, and a glyph as far as it is drawn", () => {
  /** @type {[string, number, number][]} */
  const cases = [
    ["mouse", 0, 0],
    ["touch", 0, 1],
    ["mouse", 40, 1],
  ];
  for (const [pointerType, glyphSize, expected] of cases) {
    const { act, at, picked } = fakeGestures({ glyphSize });
    const pixel = { x: at(3).x - 15, y: at(3).y };
    act("pointerdown", pixel, { pointerType });
    act("pointerup", pixel, { pointerType });
    assert.equal(picked.length, expected, pointerType);
  }
});

test("dragging moves the map and picks nothing; a tremble is no drag", () => {
  const { act, at, picked, state } = fakeGestures();
  const from = at(2);
  act("pointerdown", from);
  act("pointermove", { x: from.x + 2, y: from.y });
  assert.equal(state.current.view.x, 0);
  act("pointermove", { x: from.x + 42, y: from.y - 30 });
  const after = at(2);
  assert.ok(Math.abs(after.x - from.x - 40) < 1e-6 && Math.abs(after.y - from.y + 30) < 1e-6);
  act("pointerup", { x: from.x + 42, y: from.y - 30 });
  assert.deepEqual(picked, []);
});

test("a mouse button that was released elsewhere ends the drag", () => {
  const { act, at, state } = fakeGestures();
  act("pointerdown", at(2));
  act("pointermove", { x: 5, y: 5 }, { buttons: 0 });
  assert.equal(state.current.view.x, 0);
});

test("two fingers zoom and pick nothing", () => {
  const { act, picked, state } = fakeGestures();
  const touch = { pointerType: "touch" };
  act("pointerdown", { x: 390, y: 200 }, { ...touch, pointerId: 1 });
  act("pointerdown", { x: 410, y: 200 }, { ...touch, pointerId: 2 });
  act("pointermove", { x: 430, y: 200 }, { ...touch, pointerId: 2 });
  assert.equal(state.current.view.half, 2.15 / 2);
  act("pointerup", { x: 430, y: 200 }, { ...touch, pointerId: 2 });
  act("pointerup", { x: 390, y: 200 }, { ...touch, pointerId: 1 });
  assert.deepEqual(picked, []);
});

test("the wheel zooms about the pointer and does not scroll the page, unless the surface is shown", () => {
  const { act, at, state } = fakeGestures();
  const pixel = at(3);
  const event = act("wheel", pixel, { deltaY: -40 });
  assert.ok(event.defaultPrevented && state.current.view.half < 2.15);
  assert.ok(Math.hypot(at(3).x - pixel.x, at(3).y - pixel.y) < 1e-6);
  state.set({ layers: { ...state.current.layers, surface: true } });
  assert.equal(act("wheel", pixel, { deltaY: -40 }).defaultPrevented, false);
});

test("with noise there is nothing to point at", () => {
  const { act, at, picked, state } = fakeGestures();
  state.set({ timestep: 100 });
  act("pointermove", at(2), { buttons: 0 });
  act("pointerdown", at(2));
  act("pointerup", at(2));
  assert.deepEqual([picked, state.current.hovered], [[], null]);
});

test("keys move the map, pick what is in the middle, and hide the card", () => {
  const { act, picked, state } = fakeGestures();
  const middle = { x: 400, y: 200 };
  assert.ok(act("keydown", middle, { key: "Enter" }).defaultPrevented);
  assert.deepEqual([picked, state.current.hovered?.index], [[0], 0]);
  act("keydown", middle, { key: "Escape" });
  assert.equal(state.current.hovered, null);
  act("keydown", middle, { key: "ArrowRight" });
  assert.equal(state.current.view.x, 0.43);
  assert.equal(act("keydown", middle, { key: "a" }).defaultPrevented, false);
});

test("hits are preferred to other characters beside them, which answer, too", () => {
  const { act, at, picked, state } = fakeGestures({ glyphSize: 60 });
  state.set({ hits: new Set([1]) });
  const between = { x: (2 * at(0).x + at(1).x) / 3, y: at(0).y };
  for (const pixel of [between, at(3)]) {
    act("pointerdown", pixel);
    act("pointerup", pixel);
  }
  assert.deepEqual(picked, [1, 3]);
});

test("after the end no event changes anything", () => {
  const { act, at, picked, state, lifetime } = fakeGestures();
  lifetime.abort();
  const before = state.current;
  act("pointerdown", at(2));
  act("pointerup", at(2));
  act("wheel", at(2), { deltaY: 10 });
  assert.deepEqual([picked, state.current], [[], before]);
});
