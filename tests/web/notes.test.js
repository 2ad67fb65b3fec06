import assert from "node:assert/strict";
import { test } from "node:test";

import { noiseText, noteText } from "../../glyffuser/ui/components/glyph_map/notes.js";
import { INITIAL } from "../../glyffuser/ui/components/glyph_map/state.js";
import { TEXT } from "./glyph_map_fixtures.js";

const LIGHT = { indices: [1], weights: [1], label: "{fish}" };
/** @param {string} label @returns {import("../../glyffuser/ui/components/protocol.d.ts").PathMessage} */
const path = (label) => ({ kind: "path", label, points: [[0, 0]], nearest: null });

test("the amount of noise is named with its share of signal", () => {
  assert.equal(noiseText(0, 1, TEXT), "t = 0");
  assert.equal(noiseText(300, 0.387, TEXT), "t = 300 · 39 % of the variance is signal");
  assert.equal(noiseText(600, 0.0256, TEXT), "t = 600 · 2.56 % of the variance is signal");
});

test("without noise the note is about what came last", () => {
  assert.equal(noteText(INITIAL, TEXT), TEXT.note_clean);
  const current = { ...INITIAL, light: LIGHT, path: path("gold") };
  assert.match(noteText({ ...current, remark: "light" }, TEXT), /^Contours: .*“{fish}”/);
  assert.match(noteText({ ...current, remark: "path" }, TEXT), /^Path: .*for “gold”/);
  assert.equal(noteText({ ...current, path: path(""), remark: "path" }, TEXT), TEXT.note_path);
  assert.equal(noteText({ ...current, timestep: 5, remark: "light" }, TEXT), TEXT.note_noisy);
});

test("arrows and surface are explained, the surface first", () => {
  const arrows = { ...INITIAL.layers, arrows: true };
  assert.equal(noteText({ ...INITIAL, layers: arrows }, TEXT), `${TEXT.note_clean} ${TEXT.note_arrows}`);
  const both = { ...arrows, surface: true };
  assert.equal(noteText({ ...INITIAL, layers: both }, TEXT), `${TEXT.note_clean} ${TEXT.note_surface}`);
});
