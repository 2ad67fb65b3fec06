import assert from "node:assert/strict";
import { test } from "node:test";

import * as density from "../../glyffuser/ui/components/glyph_map/density.js";
import { DensityField, GRID } from "../../glyffuser/ui/components/glyph_map/field.js";
import { DATA } from "./glyph_map_fixtures.js";

const field = new DensityField(DATA, { alphas_cumprod: [0.99, 0.9, 0.5], bandwidth: 0.2 });
const LIGHT = { indices: [2, 4], weights: [0.75, 0.25], label: "" };

test("timestep 0 is no noise, others are those of the schedule", () => {
  assert.deepEqual([0, 1, 2].map((timestep) => field.alphaBar(timestep)), [1, 0.9, 0.5]);
});

test("the density is that of all characters, or of a light", () => {
  const all = density.bin(DATA.xs, DATA.ys, [0, 1, 2, 3, 4], null, GRID);
  assert.deepEqual(field.density(null, 2), density.grid(all, GRID, 0.5, 0.2));
  const lit = density.bin(DATA.xs, DATA.ys, [2, 4], [0.75, 0.25], GRID);
  assert.deepEqual(field.density(LIGHT, 1), density.grid(lit, GRID, 0.9, 0.2));
  assert.deepEqual(field.density(null, 2), density.grid(all, GRID, 0.5, 0.2));
});

test("scores are those of the same density", () => {
  const lit = density.bin(DATA.xs, DATA.ys, [2, 4], [0.75, 0.25], GRID);
  assert.deepEqual(field.scores(LIGHT, 2, [0, 1], [0.5]), density.scores(lit, GRID, 0.5, 0.2, [0, 1], [0.5]));
});

test("a character where others are near has a lower rank than one alone", () => {
  const ranks = field.ranks();
  assert.ok(ranks[0] < 0.2 && ranks[1] < 0.2, String(ranks));
  assert.ok(ranks[2] > ranks[0] && ranks[2] <= 1, String(ranks));
});
