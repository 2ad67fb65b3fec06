// What the tests of the map share: its sentences, a few characters, and fakes.

import { readFileSync } from "node:fs";

const EN = new URL("../../glyffuser/ui/text/en.json", import.meta.url);

/** The map's sentences. @type {Record<string, string>} */
export const TEXT = JSON.parse(readFileSync(EN, "utf-8")).glyph_map;

/** Five characters in two islands; as far as the tests need them. @type {any} */
export const DATA = {
  xs: Float32Array.of(0, 0.1, 1, -1, 2),
  ys: Float32Array.of(0, 0, 1, -1, -2),
  noiseX: Float32Array.of(1, -1, 0, 0.5, 2),
  noiseY: Float32Array.of(0, 1, -1, 0.5, 0),
  tiles: Uint16Array.of(0, 1, 2, 3, 4),
  glyphs: {
    codepoints: [0x6cb3, 0x20021, 0x4e00, 0x4e01, 0x4e03],
    definitions: ["river", "<b>bold</b>", "one", "nail", "seven"],
    radicals: [2, 2, 1, 1, 1],
    radical_names: ["one", "water, stream"],
    radical_chars: ["一", "水"],
    strokes: [8, 1, 4, 5, 40],
    pinyin: ["hé", "", "yī", "dīng", "qī"],
    layouts: [0, 0, 1, 1, 0],
    layout_names: ["left-right", "other"],
  },
  islands: [
    { name: "one", radical: 1, x: 1, y: 1 },
    { name: "water", radical: 2, x: 0.05, y: 0 },
  ],
  continents: [
    { name: "left-right", radical: 0, x: 0.5, y: 0 },
    { name: "top-bottom", radical: 0, x: 0, y: 1.5 },
  ],
};

/**
 * A canvas context that notes what is called on it, with the styles at that moment.
 *
 * @returns {any} the context; `calls` has one object a call
 */
export function fakeContext() {
  /** @type {{ name: string, args: unknown[], fill: unknown, stroke: unknown }[]} */
  const calls = [];
  return new Proxy(/** @type {any} */ ({ calls }), {
    get: (target, name) =>
      name in target
        ? target[name]
        : (/** @type {unknown[]} */ ...args) =>
            calls.push({ name: String(name), args, fill: target.fillStyle, stroke: target.strokeStyle }),
  });
}

/** Give `getComputedStyle` to modules that ask for the page's colours: a colour is called like its variable. */
export function installStyles() {
  const getComputedStyle = () => ({ getPropertyValue: (/** @type {string} */ name) => ` ${name}` });
  Object.assign(globalThis, { getComputedStyle });
}

/** Let everything happen that waits for promises alone. */
export function settle() {
  return new Promise((resolve) => setImmediate(resolve));
}
