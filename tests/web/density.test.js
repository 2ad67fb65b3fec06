import assert from "node:assert/strict";
import { test } from "node:test";

import { LIMIT, axis, bin, enclosed, grid, scores, valueAt } from "../../glyffuser/ui/components/glyph_map/density.js";

const SIZE = 96;
const SPACING = (2 * LIMIT) / (SIZE - 1);
const BANDWIDTH = 0.2;
const ALPHA_BARS = [1, 0.7, 0.2, 0.0001];

/** Variance of the mixture's parts, and their density. @param {number} alphaBar */
const varianceOf = (alphaBar) => 1 - alphaBar + alphaBar * (BANDWIDTH ** 2 - SPACING ** 2 / 6);
/** @param {number} dx @param {number} dy @param {number} variance */
const gaussian = (dx, dy, variance) => Math.exp(-(dx ** 2 + dy ** 2) / (2 * variance)) / (2 * Math.PI * variance);
/** @param {number} actual @param {number} expected @param {number} tolerance */
const assertNear = (actual, expected, tolerance) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);

test("the axis reaches from end to end", () => {
  assert.deepEqual([...axis(5)], [-4, -2, 0, 2, 4]);
});

test("a weight is shared by the four grid points around its point", () => {
  const binned = bin([0.5], [-1.5], [0], null, 5); // a quarter of a cell to the right and above its lower left corner
  const corner = 1 * 5 + 2;
  const shares = [binned[corner], binned[corner + 1], binned[corner + 5], binned[corner + 6]];
  assert.deepEqual(shares, [0.75 * 0.75, 0.25 * 0.75, 0.75 * 0.25, 0.25 * 0.25]);
});

test("weights sum to 1, and those of points outside go to the edge", () => {
  const binned = bin([0, 9, 1], [0, -9, 1], [0, 1], [3, 1], 5);
  assertNear(binned.reduce((sum, value) => sum + value), 1, 1e-12);
  assertNear(binned[2 * 5 + 2], 0.75, 1e-12);
  assertNear(binned[4], 0.25, 1e-4);
});

test("the density is that of the mixture", () => {
  const nodes = axis(SIZE);
  const [x, y] = [nodes[40], nodes[60]]; // on the grid, where binning moves nothing
  const binned = bin([x, -x], [y, 0.5], [0], null, SIZE);
  for (const alphaBar of ALPHA_BARS) {
    const rows = grid(binned, SIZE, alphaBar, BANDWIDTH);
    const [signal, variance] = [Math.sqrt(alphaBar), varianceOf(alphaBar)];
    for (const [j, i] of [[60, 40], [58, 43], [30, 70]]) {
      assertNear(rows[j][i], gaussian(nodes[i] - signal * x, nodes[j] - signal * y, variance), 1e-9);
    }
  }
});

test("the mass is 1 at every noise level", () => {
  const binned = bin([0.3, -1.1, 0.77], [0.2, 0.4, -0.9], [0, 1, 2], null, SIZE);
  for (const alphaBar of ALPHA_BARS) {
    const rows = grid(binned, SIZE, alphaBar, BANDWIDTH);
    const mass = rows.flatMap((row) => [...row]).reduce((sum, value) => sum + value) * SPACING ** 2;
    assertNear(mass, 1, 1e-3); // noise alone has 1.3e-4 of its mass beyond the grid
  }
});

test("the score of one Gaussian points to its centre", () => {
  const nodes = axis(SIZE);
  const [x, y] = [nodes[50], nodes[45]];
  const binned = bin([x], [y], [0], null, SIZE);
  for (const alphaBar of [0.9, 0.3]) {
    const arrows = scores(binned, SIZE, alphaBar, BANDWIDTH, [0.1, -0.4], [0.3]);
    assert.deepEqual(arrows.map((arrow) => [arrow.x, arrow.y]), [[0.1, 0.3], [-0.4, 0.3]]);
    for (const arrow of arrows) {
      assertNear(arrow.dx, (Math.sqrt(alphaBar) * x - arrow.x) / varianceOf(alphaBar), 1e-9);
      assertNear(arrow.dy, (Math.sqrt(alphaBar) * y - arrow.y) / varianceOf(alphaBar), 1e-9);
    }
  }
});

test("there is no score where there is no density", () => {
  const binned = bin([0], [0], [0], null, SIZE);
  assert.deepEqual(scores(binned, SIZE, 1, BANDWIDTH, [3.5], [3.5]), []);
});

test("enclosed is the share of the mass that lies higher", () => {
  const rows = enclosed([Float64Array.of(4, 3), Float64Array.of(1, 2)]);
  assert.deepEqual(rows.map((row) => [...row]), [[0.4, 0.7], [1, 0.9]]);
});

test("a circle around a Gaussian encloses what the closed form says", () => {
  const nodes = axis(SIZE);
  const rows = enclosed(Array.from(nodes, (y) => nodes.map((x) => gaussian(x, y, 1))));
  for (const [j, i] of [[48, 60], [60, 60], [30, 48]]) {
    assertNear(rows[j][i], 1 - Math.exp(-(nodes[i] ** 2 + nodes[j] ** 2) / 2), 0.01);
  }
});

test("a value is that of the nearest grid point, at the edge beyond it", () => {
  const rows = [Float64Array.of(1, 2), Float64Array.of(3, 4)];
  assert.equal(valueAt(rows, -1, 1), 3);
  assert.equal(valueAt(rows, 99, -99), 2);
});
