import assert from "node:assert/strict";
import { test } from "node:test";

import { changesOf } from "../../glyffuser/ui/components/glyph_map/messages.js";
import { INITIAL, MapState } from "../../glyffuser/ui/components/glyph_map/state.js";
import { STOPS, Tour } from "../../glyffuser/ui/components/glyph_map/tour.js";
import { DATA, TEXT } from "./glyph_map_fixtures.js";

const LIGHT = { indices: [0, 2], weights: [0.7, 0.3], label: "fish" };

/** A map as a visitor may have left it, and a tour through it. */
function begunTour() {
  const state = new MapState({
    view: { x: 1, y: 0.5, half: 0.6 },
    timestep: 120,
    layers: { ...INITIAL.layers, contours: true, labels: false, surface: true },
    colour: "strokes",
    light: LIGHT,
    remark: "light",
    hits: new Set([3]),
    selected: 2,
  });
  const before = state.current;
  const tour = new Tour(state, DATA);
  tour.begin();
  return { state, tour, before };
}

test("ending the tour at any stop leaves the map as it was found", () => {
  for (let stop = 0; stop < STOPS.length; stop++) {
    const { state, tour, before } = begunTour();
    for (let number = 0; number < stop; number++) tour.next();
    assert.equal(state.current.tourStop, stop);
    assert.equal(state.current.light, null);
    assert.equal(state.current.layers.surface, false);
    tour.end();
    assert.deepEqual(state.current, before);
  }
});

test("what the visitor does to the map during the tour ends with it, a pick does not", () => {
  const { state, tour, before } = begunTour();
  state.set({ timestep: 700, colour: "density", view: { x: 0, y: 0, half: 4 }, selected: 4 });
  tour.begin();
  tour.end();
  assert.deepEqual(state.current, { ...before, selected: 4 });
});

test("what comes from outside during the tour stays", () => {
  const { state, tour } = begunTour();
  const message = { kind: /** @type {const} */ ("light"), id: "1", indices: [1], weights: [1], label: "gold" };
  state.apply((current) => changesOf(message, current, DATA));
  assert.equal(state.current.light?.label, "gold");
  tour.next();
  assert.equal(state.current.light === null, true);
  tour.end();
  assert.equal(state.current.light?.label, "gold");
  assert.deepEqual([state.current.remark, state.current.colour], ["light", "strokes"]);
});

test("stops lead to their places, with their layers and noise", () => {
  const { state, tour } = begunTour();
  assert.deepEqual([state.current.view, state.current.colour], [{ x: 0, y: 0, half: 2.15 }, "layout"]);
  tour.next();
  assert.deepEqual(state.current.view, { x: 0.5, y: 0, half: 1.2 });
  tour.next();
  tour.next();
  assert.deepEqual([state.current.view, state.current.colour], [{ x: 0.05, y: 0, half: 0.5 }, "radical"]);
  for (let number = 3; number < 8; number++) tour.next();
  const { timestep, layers, colour, view } = state.current;
  assert.deepEqual([timestep, layers.contours, layers.arrows, colour, view.half], [300, true, true, "density", 3.2]);
  tour.back();
  assert.equal(state.current.layers.arrows, false);
});

test("there is nothing before the first stop and after the last", () => {
  const { state, tour } = begunTour();
  tour.back();
  assert.equal(state.current.tourStop, 0);
  for (let number = 0; number < 20; number++) tour.next();
  assert.equal(state.current.tourStop, STOPS.length - 1);
  tour.end();
  tour.next();
  assert.equal(state.current.tourStop, null);
});

test("a map without the island of a stop shows its largest one", () => {
  const { state, tour } = begunTour();
  for (let number = 0; number < 4; number++) tour.next(); // the island of speech, which the few characters here lack
  assert.deepEqual([state.current.view.x, state.current.view.y], [1, 1]);
});

test("every stop has a text, and no text is left over", () => {
  const numbers = Object.keys(TEXT).flatMap((key) => key.match(/^tour_(\d+)$/)?.[1] ?? []);
  assert.deepEqual(numbers, STOPS.map((_, stop) => String(stop + 1)));
});
