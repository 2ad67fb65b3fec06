import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const UI = new URL("../../glyffuser/ui/", import.meta.url);
const FOLDER = new URL("components/frame_player/", UI);
const SENTENCES = JSON.parse(readFileSync(new URL("text/en.json", UI), "utf8")).frame_player;
/** Used from Python: by the loader of all components, and as the default caption. */
const USED_ELSEWHERE = ["idle", "not_loaded"];

const sources = readdirSync(FOLDER)
  .filter((name) => /\.(js|html)$/.test(name) && name !== "gifenc.esm.js")
  .map((name) => readFileSync(new URL(name, FOLDER), "utf8"));

test("every sentence is used, and every one that is used exists", () => {
  const used = sources.flatMap((source) => [...source.matchAll(/\btext\.(?!js\b)(\w+)/g)].map((match) => match[1]));
  assert.deepEqual([...new Set([...used, ...USED_ELSEWHERE])].sort(), Object.keys(SENTENCES).sort());
});

test("no sentence breaks the template, which is compiled as a JavaScript template literal", () => {
  for (const sentence of [...Object.values(SENTENCES), readFileSync(new URL("player.html", FOLDER), "utf8")]) {
    assert.doesNotMatch(sentence, /`|\$\{|\\/);
  }
});
