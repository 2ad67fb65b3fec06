import assert from "node:assert/strict";
import { test } from "node:test";

import { GAP, glyphAt, gridSize, NAME_GAP, TILE, tileAt } from "../../glyffuser/ui/components/frame_player/layout.js";

const SQUARE = { num_glyphs: 4, columns: 2 };
const NAMED = { ...SQUARE, names: ["a", "b", "c", "d"] };
const INCOMPLETE = { num_glyphs: 5, columns: 3 };

test("the canvas holds the tiles and the gaps between them", () => {
  assert.deepEqual(gridSize({ num_glyphs: 1, columns: 1 }), { width: 128, height: 128 });
  assert.deepEqual(gridSize(SQUARE), { width: 262, height: 262 });
  assert.deepEqual(gridSize(INCOMPLETE), { width: 396, height: 262 });
});

test("names have room below every row, the last one too", () => {
  assert.deepEqual(gridSize(NAMED), { width: 262, height: 304 });
});

test("glyphs lie row by row", () => {
  assert.deepEqual(tileAt(0, SQUARE), { column: 0, row: 0, x: 0, y: 0 });
  assert.deepEqual(tileAt(3, SQUARE), { column: 1, row: 1, x: 134, y: 134 });
  assert.deepEqual(tileAt(3, NAMED), { column: 1, row: 1, x: 134, y: 152 });
});

test("every point of a tile, and of the gap below it, belongs to its glyph", () => {
  for (const grid of [SQUARE, NAMED, INCOMPLETE]) {
    const below = "names" in grid ? NAME_GAP : GAP;
    for (let i = 0; i < grid.num_glyphs; i++) {
      const { x, y } = tileAt(i, grid);
      assert.equal(glyphAt(x, y, grid), i);
      assert.equal(glyphAt(x + TILE - 1, y + TILE - 1, grid), i);
      assert.equal(glyphAt(x + TILE / 2, y + TILE + below - 1, grid), i);
    }
  }
});

test("beside the glyphs there is none", () => {
  for (const [x, y] of [[-1, 10], [10, -1], [2 * (TILE + GAP), 10], [10, 2 * (TILE + GAP)]]) {
    assert.equal(glyphAt(x, y, SQUARE), null);
  }
  assert.equal(glyphAt(300, 200, INCOMPLETE), null); // the sixth place of five glyphs
});
