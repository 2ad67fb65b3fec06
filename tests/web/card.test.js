import assert from "node:assert/strict";
import { test } from "node:test";

import { cardPlace, titleOf } from "../../glyffuser/ui/components/glyph_map/card.js";
import { DATA, TEXT } from "./glyph_map_fixtures.js";

const CARD = { width: 300, height: 80 };
const STAGE = { width: 800, height: 400 };

test("a title names code point, radical, strokes and layout", () => {
  assert.equal(titleOf(DATA.glyphs, 0, TEXT), "U+6CB3 · radical 2 水 water, stream · 8 strokes · left-right");
  assert.equal(titleOf(DATA.glyphs, 1, TEXT), "U+20021 · radical 2 水 water, stream · 1 stroke · left-right");
});

test("the card lies right below the pointer", () => {
  assert.deepEqual(cardPlace({ x: 100, y: 50 }, CARD, STAGE), { left: 114, top: 64 });
});

test("the card stays on the stage", () => {
  assert.deepEqual(cardPlace({ x: 790, y: 50 }, CARD, STAGE), { left: 496, top: 64 });
  assert.deepEqual(cardPlace({ x: 100, y: 390 }, CARD, STAGE), { left: 114, top: 296 });
  assert.deepEqual(cardPlace({ x: 5, y: 60 }, CARD, { width: 200, height: 90 }), { left: 4, top: 4 });
});
