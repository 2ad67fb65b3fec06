import assert from "node:assert/strict";
import { test } from "node:test";

import { INITIAL, MapState, visibleHits } from "../../glyffuser/ui/components/glyph_map/state.js";

/** A state and what its listeners were told. @param {object} [initial] */
function listenedTo(initial) {
  const state = new MapState(initial);
  /** @type {string[][]} */
  const told = [];
  const end = state.subscribe((current, changed) => {
    assert.equal(current, state.current);
    told.push([...changed].sort());
  });
  return { state, told, end };
}

test("listeners hear what changed, once a call", () => {
  const { state, told } = listenedTo();
  state.set({ timestep: 300, selected: 7 });
  assert.deepEqual(told, [["selected", "timestep"]]);
  assert.deepEqual([state.current.timestep, state.current.selected], [300, 7]);
});

test("what is so already is no change", () => {
  const { state, told } = listenedTo({ hits: new Set([1]) });
  const before = state.current;
  state.set({ timestep: 0, view: { ...before.view }, layers: { ...before.layers }, hits: before.hits });
  assert.deepEqual(told, []);
  assert.equal(state.current, before);
  state.set({ timestep: 0, view: { ...before.view, half: 1 } });
  assert.deepEqual(told, [["view"]]);
});

test("a state that was handed out never changes", () => {
  const { state } = listenedTo();
  const before = state.current;
  state.set({ layers: { ...before.layers, arrows: true } });
  assert.equal(before.layers.arrows, false);
  assert.throws(() => Object.assign(state.current, { timestep: 5 }), TypeError);
  assert.equal(INITIAL.layers.arrows, false);
});

test("a subscription can be ended", () => {
  const { state, told, end } = listenedTo();
  end();
  state.set({ timestep: 1 });
  assert.deepEqual(told, []);
});

test("restoring gives back what was saved first, and nothing else", () => {
  const { state, told } = listenedTo({ colour: "radical", selected: 1 });
  const before = state.current;
  state.save();
  state.set({ colour: "density", timestep: 300, selected: 2, view: { x: 1, y: 1, half: 1 } });
  state.save();
  told.length = 0;
  state.restore({ tourStop: null });
  assert.deepEqual(state.current, { ...before, selected: 2 });
  assert.deepEqual(told, [["colour", "timestep", "view"]]);
});

test("restoring without anything saved changes nothing", () => {
  const { state, told } = listenedTo();
  state.restore();
  assert.deepEqual(told, []);
});

test("a change that is applied outlives restoring", () => {
  const { state } = listenedTo();
  const light = { indices: [1], weights: [1], label: "fish" };
  state.save();
  state.set({ layers: { ...state.current.layers, arrows: true } });
  state.apply(({ layers }) => ({ light, layers: { ...layers, contours: true }, selected: 3 }));
  assert.deepEqual([state.current.light, state.current.layers.contours], [light, true]);
  state.restore();
  assert.deepEqual(state.current.light, light);
  assert.deepEqual(state.current.layers, { ...INITIAL.layers, contours: true });
  assert.equal(state.current.selected, 3);
});

test("the tour hides the hits and keeps them", () => {
  const { state } = listenedTo({ hits: new Set([4]) });
  assert.deepEqual([...(visibleHits(state.current) ?? [])], [4]);
  state.set({ tourStop: 0 });
  assert.equal(visibleHits(state.current), null);
  assert.deepEqual([...(state.current.hits ?? [])], [4]);
});
