import assert from "node:assert/strict";
import { test } from "node:test";

import { Colours } from "../../glyffuser/ui/components/glyph_map/colours.js";
import { DensityField } from "../../glyffuser/ui/components/glyph_map/field.js";
import { MAX_GLYPHS, Overlay, charactersInView } from "../../glyffuser/ui/components/glyph_map/overlay.js";
import { INITIAL } from "../../glyffuser/ui/components/glyph_map/state.js";
import { cameraOf } from "../../glyffuser/ui/components/glyph_map/view.js";
import { DATA, TEXT, fakeContext, installStyles } from "./glyph_map_fixtures.js";

const CROWD = MAX_GLYPHS + 1;
const CURRENT = { ...INITIAL, size: { width: 800, height: 400 }, layers: { ...INITIAL.layers, labels: false } };

/** An overlay on a fake canvas. @param {any} [data] */
function fakeOverlay(data = DATA) {
  installStyles();
  Object.assign(globalThis, { window: { devicePixelRatio: 2 } });
  const context = fakeContext();
  const canvas = /** @type {any} */ ({ width: 0, height: 0, getContext: () => context });
  /** @type {number[]} */
  const sprites = [];
  const parts = {
    data,
    field: new DensityField(data, { alphas_cumprod: [0.99, 0.64], bandwidth: 0.2 }),
    colours: new Colours(data.glyphs, () => new Float64Array(), TEXT),
    sprites: /** @type {any} */ ({ draw: (/** @type {any} */ _, /** @type {number} */ index) => sprites.push(index) }),
    maxGlyphSize: 64,
  };
  const overlay = new Overlay({ canvas, ...parts });
  /** @param {string} name */
  const called = (name) => context.calls.filter((/** @type {any} */ call) => call.name === name);
  return { overlay, canvas, context, sprites, called };
}

/** As many characters as do not become glyphs, all in the centre. */
function crowd() {
  const zeros = new Float32Array(CROWD);
  const glyphs = { ...DATA.glyphs, layouts: Array(CROWD).fill(0) };
  return { ...DATA, xs: zeros, ys: zeros, noiseX: zeros, noiseY: zeros, glyphs };
}

test("the canvas has the pixels of the screen", () => {
  const { overlay, canvas } = fakeOverlay();
  overlay.draw(CURRENT);
  assert.deepEqual([canvas.width, canvas.height], [1600, 800]);
});

test("characters in view are those between its ends", () => {
  const camera = cameraOf({ x: 0, y: 0, half: 1 }, { width: 100, height: 100 });
  assert.deepEqual(charactersInView(DATA, camera), [0, 1, 2, 3]);
});

test("few characters are drawn as glyphs, many are left to the plot", () => {
  const few = fakeOverlay();
  few.overlay.draw(CURRENT);
  assert.deepEqual([few.sprites, few.overlay.glyphSize], [[0, 1, 2, 3, 4], 64]);
  const many = fakeOverlay(crowd());
  many.overlay.draw(CURRENT);
  assert.deepEqual([many.sprites, many.overlay.glyphSize], [[], 0]);
});

test("with noise every character moves by its noise, in its colour", () => {
  const { overlay, called, sprites } = fakeOverlay();
  overlay.draw({ ...CURRENT, timestep: 1 });
  assert.deepEqual(sprites, []);
  const points = called("fillRect");
  assert.equal(points.length, 5);
  const { toX, toY } = cameraOf(CURRENT.view, CURRENT.size);
  const [x, y] = points[3].args.map((/** @type {number} */ corner) => corner + 1); // after both others of layout 0
  assert.ok(Math.abs(x - toX(0.8 * 1 + 0.6 * 0)) < 1e-3 && Math.abs(y - toY(0.8 * 1 - 0.6 * 1)) < 1e-3);
  assert.notEqual(points[3].fill, points[0].fill);
});

test("hits hide the light, and the tour hides the hits", () => {
  const light = { indices: [0, 1], weights: [0.8, 0.2], label: "" };
  const current = { ...CURRENT, light, hits: new Set([2, 3, 4]) };
  const hit = fakeOverlay(crowd());
  hit.overlay.draw(current);
  assert.deepEqual(hit.called("arc").map((/** @type {any} */ call) => call.args[2]), [3, 3, 3]);
  const toured = fakeOverlay(crowd());
  toured.overlay.draw({ ...current, tourStop: 2 });
  assert.deepEqual(toured.called("arc").map((/** @type {any} */ call) => call.args[2]), [6, 3.5]);
});

test("what is out of view is not marked", () => {
  const { overlay, called } = fakeOverlay();
  overlay.draw({ ...CURRENT, view: { x: 0, y: 0, half: 0.5 }, hits: new Set([0, 4]) });
  assert.equal(called("arc").length, 1);
});

test("arrows are shorter than the space between them", () => {
  const { overlay, called } = fakeOverlay();
  const size = { width: 400, height: 400 };
  overlay.draw({ ...CURRENT, size, timestep: 1, layers: { ...CURRENT.layers, arrows: true } });
  const starts = called("moveTo").filter((/** @type {any} */ _, /** @type {number} */ i) => i % 3 === 0);
  const tips = called("lineTo").filter((/** @type {any} */ _, /** @type {number} */ i) => i % 3 === 0);
  assert.equal(starts.length, 15 * 15);
  starts.forEach((/** @type {any} */ { args: [x, y] }, /** @type {number} */ i) => {
    const length = Math.hypot(tips[i].args[0] - x, tips[i].args[1] - y);
    assert.ok(length > 0 && length < 400 / 15, `${length} pixels`);
  });
});

test("of names that would cover one another the largest island's is drawn", () => {
  const { overlay, called } = fakeOverlay({ ...crowd(), islands: DATA.islands.concat({ name: "gold", radical: 1, x: 1, y: 1 }) });
  overlay.draw({ ...CURRENT, layers: INITIAL.layers });
  assert.deepEqual(called("fillText").map((/** @type {any} */ call) => call.args[0]), ["一 one", "水 water"]);
});

test("under the surface nothing is drawn", () => {
  const { overlay, context } = fakeOverlay();
  overlay.draw({ ...CURRENT, layers: { ...CURRENT.layers, surface: true, arrows: true } });
  assert.deepEqual(context.calls.map((/** @type {any} */ call) => call.name), ["setTransform", "clearRect"]);
});
