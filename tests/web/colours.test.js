import assert from "node:assert/strict";
import { test } from "node:test";

import { Colours, byDensity, byRadical, byStrokes, inksOf } from "../../glyffuser/ui/components/glyph_map/colours.js";
import { DATA, TEXT, installStyles } from "./glyph_map_fixtures.js";

const PALETTE = ["a", "b", "c", "d"];

test("four numbers of strokes share a bin, and the last bin is open", () => {
  const { names, bins } = byStrokes([1, 4, 5, 8, 12, 13, 99], PALETTE, TEXT);
  assert.deepEqual([...bins], [0, 0, 1, 1, 2, 3, 3]);
  assert.deepEqual(names, ["1–4", "5–8", "9–12", "13 strokes and more"]);
});

test("the most frequent radicals have bins of their own, the others share the last", () => {
  const radicals = [1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5];
  const radical_names = ["one", "two", "three", "four, quad", "five"];
  const radical_chars = [..."一二三四五"];
  const { names, bins } = byRadical({ radicals, radical_names, radical_chars }, PALETTE, TEXT);
  assert.deepEqual(names, ["四 four, quad", "三 three", "二 two", "all others"]);
  assert.deepEqual([...bins], [3, 2, 2, 1, 1, 1, 0, 0, 0, 0, 3]);
});

test("the denser, the higher the bin", () => {
  const { names, bins } = byDensity(Float64Array.of(0, 0.24, 0.26, 0.6, 1), PALETTE, TEXT);
  assert.deepEqual([...bins], [3, 3, 2, 1, 0]);
  assert.deepEqual(names, ["sparse", "", "", "dense"]);
});

test("a colouring is made once, and ranks are computed when they are needed", () => {
  let calls = 0;
  const colours = new Colours(DATA.glyphs, () => (calls++, Float64Array.of(0, 0.1, 0.5, 0.9, 1)), TEXT);
  const layout = colours.of({ colour: "layout", theme: "light" });
  assert.deepEqual([layout.names, [...layout.bins]], [["left-right", "other"], [0, 0, 1, 1, 0]]);
  assert.equal(calls, 0);
  const first = colours.of({ colour: "density", theme: "light" });
  assert.equal(colours.of({ colour: "density", theme: "light" }), first);
  assert.equal(calls, 1);
});

test("each theme has a palette as long as the other", () => {
  const colours = new Colours(DATA.glyphs, () => Float64Array.of(0, 0, 0, 0, 0), TEXT);
  for (const colour of /** @type {const} */ (["radical", "strokes", "density"])) {
    const [light, dark] = [colours.of({ colour, theme: "light" }), colours.of({ colour, theme: "dark" })];
    assert.notDeepEqual(light.palette, dark.palette);
    assert.equal(light.palette.length, dark.palette.length);
    assert.ok(Math.max(...light.bins) < light.palette.length);
  }
});

test("the page's colours are read from its style sheet", () => {
  installStyles();
  assert.deepEqual(inksOf(/** @type {any} */ ({})), {
    ink: "--glyff-ink",
    paper: "--glyff-paper",
    seal: "--glyff-seal",
    line: "--glyff-line",
  });
});
