import assert from "node:assert/strict";
import { test } from "node:test";

import { Colours } from "../../glyffuser/ui/components/glyph_map/colours.js";
import { DensityField, GRID } from "../../glyffuser/ui/components/glyph_map/field.js";
import { Plot } from "../../glyffuser/ui/components/glyph_map/plot.js";
import { INITIAL } from "../../glyffuser/ui/components/glyph_map/state.js";
import { DATA, TEXT, installStyles } from "./glyph_map_fixtures.js";

/** @typedef {import("../../glyffuser/ui/components/glyph_map/state.js").State} State */

const CURRENT = { ...INITIAL, size: { width: 800, height: 400 } };

/** A plot on a fake plotly.js, which notes its calls and refuses those that `refusal.of` names. */
function fakePlot({ hasWebGL = true } = {}) {
  installStyles();
  /** @type {{ name: string, args: any[] }[]} */
  const calls = [];
  /** @type {{ of: (call: { name: string, args: any[] }) => boolean }} */
  const refusal = { of: () => false };
  /** @type {any} */
  const plotly = { purge: () => calls.push({ name: "purge", args: [] }) };
  for (const name of ["newPlot", "react", "restyle", "relayout"]) {
    plotly[name] = async (/** @type {any[]} */ ...args) => {
      const call = { name, args };
      calls.push(call);
      if (refusal.of(call)) throw new Error(`${name} refused`);
    };
  }
  const field = new DensityField(DATA, { alphas_cumprod: [0.99, 0.9, 0.5], bandwidth: 0.2 });
  const colours = new Colours(DATA.glyphs, () => field.ranks(), TEXT);
  const [plane, surface] = /** @type {any[]} */ (["plane", "surface"]);
  const plot = new Plot({ plotly, plane, surface, positions: DATA, field, colours, hasWebGL });
  /** Calls since the last time, as names and traces. */
  const newCalls = () => calls.splice(0).map(({ name, args }) => (name === "restyle" ? `restyle ${args[2]}` : name));
  return { plot, calls, refusal, newCalls };
}

test("the first draw makes the plot, a second one of the same state does nothing", async () => {
  const { plot, calls, newCalls } = fakePlot();
  await plot.draw(CURRENT);
  const [target, [points, contours], layout] = calls[0].args;
  assert.equal(target, "plane");
  assert.deepEqual([points.type, points.x.length, points.marker.color], ["scattergl", 5, [0, 0, 1, 1, 0]]);
  assert.deepEqual([points.visible, contours.visible], [true, false]);
  assert.deepEqual([layout.width, layout.yaxis.range, layout.xaxis.range], [800, [-2.15, 2.15], [-4.3, 4.3]]);
  assert.deepEqual(newCalls(), ["newPlot"]);
  await plot.draw({ ...CURRENT, selected: 3 });
  assert.deepEqual(newCalls(), []);
});

test("without WebGL every fifth point is drawn", async () => {
  const { plot, calls } = fakePlot({ hasWebGL: false });
  await plot.draw(CURRENT);
  assert.deepEqual([plot.numPoints, calls[0].args[1][0].type], [1, "scatter"]);
});

test("a change is drawn by the parts that depend on it alone", async () => {
  const { plot, newCalls } = fakePlot();
  await plot.draw(CURRENT);
  const noisy = { ...CURRENT, timestep: 1 };
  /** @type {[State, string[]][]} */
  const expected = [
    [{ ...CURRENT, view: { x: 0, y: 0, half: 1 } }, ["relayout"]],
    [CURRENT, ["relayout"]],
    [{ ...CURRENT, colour: "strokes" }, ["restyle 0"]],
    [CURRENT, ["restyle 0"]],
    [noisy, ["restyle 0"]],
    [{ ...noisy, timestep: 2 }, []],
    [{ ...noisy, layers: { ...CURRENT.layers, contours: true } }, ["restyle 1"]],
    [{ ...noisy, timestep: 2, layers: { ...CURRENT.layers, contours: true } }, ["restyle 1"]],
    [CURRENT, ["restyle 0", "restyle 1"]],
    [{ ...CURRENT, hits: new Set([1]) }, ["restyle 0"]],
    [{ ...CURRENT, theme: "dark" }, ["restyle 0"]],
  ];
  newCalls();
  for (const [current, calls] of expected) {
    await plot.draw(current);
    assert.deepEqual(newCalls(), calls);
  }
});

test("points are grey while hits are seen, and contours have the light's colour", async () => {
  const { plot, calls } = fakePlot();
  await plot.draw(CURRENT);
  calls.length = 0;
  const layers = { ...CURRENT.layers, contours: true };
  const light = { indices: [2], weights: [1], label: "one" };
  await plot.draw({ ...CURRENT, hits: new Set([1]), layers, light });
  const [points, contours] = calls.map((call) => call.args[1]);
  assert.deepEqual([points["marker.color"], points.visible], [["--glyff-line"], true]);
  assert.deepEqual([contours["line.color"], contours.visible], ["--glyff-seal", true]);
  const flat = contours.z[0].flatMap((/** @type {Float64Array} */ row) => [...row]);
  const summit = flat.indexOf(Math.min(...flat));
  assert.deepEqual([summit % GRID, Math.floor(summit / GRID)], [59, 59]); // the grid point nearest to (1, 1)
});

test("a refused part is drawn again next time, and the others are drawn nevertheless", async () => {
  const { plot, refusal, newCalls } = fakePlot();
  await plot.draw(CURRENT);
  newCalls();
  refusal.of = ({ name, args }) => name === "restyle" && args[2][0] === 1;
  const wanted = { ...CURRENT, view: { x: 1, y: 1, half: 1 }, layers: { ...CURRENT.layers, contours: true } };
  await assert.rejects(plot.draw(wanted), /restyle refused/);
  assert.deepEqual(newCalls().sort(), ["relayout", "restyle 1"]);
  refusal.of = () => false;
  await plot.draw(wanted);
  await plot.draw(wanted);
  assert.deepEqual(newCalls(), ["restyle 1"]);
});

test("a plot that could not be made is made again", async () => {
  const { plot, refusal, newCalls } = fakePlot();
  refusal.of = ({ name }) => name === "newPlot";
  await assert.rejects(plot.draw(CURRENT), /newPlot refused/);
  refusal.of = () => false;
  await plot.draw(CURRENT);
  assert.deepEqual(newCalls(), ["newPlot", "newPlot"]);
});

test("while the surface is shown, it alone is drawn; the plane catches up afterwards", async () => {
  const { plot, newCalls } = fakePlot();
  await plot.draw(CURRENT);
  newCalls();
  const layers = { ...CURRENT.layers, surface: true };
  await plot.draw({ ...CURRENT, layers });
  await plot.draw({ ...CURRENT, layers, colour: "strokes" });
  await plot.draw({ ...CURRENT, layers, colour: "strokes", timestep: 1 });
  assert.deepEqual(newCalls(), ["react", "react"]);
  await plot.draw({ ...CURRENT, colour: "strokes", timestep: 1 });
  assert.deepEqual(newCalls(), ["restyle 0"]);
});

test("a purged plot is drawn no more, not even if it was being made", async () => {
  const { plot, newCalls } = fakePlot();
  const made = plot.draw(CURRENT);
  plot.purge();
  await made;
  await plot.draw({ ...CURRENT, timestep: 1 });
  assert.deepEqual(newCalls(), ["newPlot", "purge", "purge", "purge"]);
});
