import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { TEXT } from "./glyph_map_fixtures.js";

const FOLDER = new URL("../../glyffuser/ui/components/glyph_map/", import.meta.url);
const SOURCES = readdirSync(FOLDER)
  .filter((name) => /\.(js|html)$/.test(name))
  .map((name) => readFileSync(new URL(name, FOLDER), "utf-8"));

test("every sentence that the map names exists, and each one is used", () => {
  const named = SOURCES.flatMap((source) => [...source.matchAll(/\btext\.(\w+)/g)].map(([, key]) => key));
  const keys = Object.keys(TEXT).filter((key) => !/^tour_\d$/.test(key)); // those are compared with the stops
  assert.deepEqual([...new Set(named)].filter((key) => key !== "js").sort(), keys.sort());
});

test("the template holds what Gradio compiles, and no sentence", () => {
  const html = readFileSync(new URL("map.html", FOLDER), "utf-8");
  assert.doesNotMatch(html, /[`\\]|\$\{/);
  const written = html.replace(/\{\{text\.\w+\}\}/g, "").replace(/<[^>]*>|&\S+;/g, "");
  assert.doesNotMatch(written, /[A-Za-z]/);
  assert.doesNotMatch(html.replace(/"\{\{text\.\w+\}\}"/g, ""), /aria-label="|title="/);
});
