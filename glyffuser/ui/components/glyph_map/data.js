/** The map's files, fetched and unpacked. */

import { normalPairs } from "../random.js";

/**
 * @typedef {object} Glyphs columns of glyphs.json, in the order of the code points
 * @property {number[]} codepoints
 * @property {string[]} definitions
 * @property {string[]} pinyin "" where there is none
 * @property {number[]} radicals numbers from 1
 * @property {string[]} radical_names common English names, the usual one first
 * @property {string[]} radical_chars
 * @property {number[]} strokes
 * @property {number[]} layouts indices into `layout_names`
 * @property {string[]} layout_names
 *
 * @typedef {object} Place where characters of a kind lie
 * @property {string} name what the tour calls it
 * @property {number} radical 0 for a layout
 * @property {number} x
 * @property {number} y
 *
 * @typedef {object} MapData
 * @property {Float32Array} xs of the characters, in map coordinates
 * @property {Float32Array} ys
 * @property {Float32Array} noiseX one standard normal pair a character, the same at every noise level
 * @property {Float32Array} noiseY
 * @property {Uint16Array} tiles number of each character's sprite
 * @property {Glyphs} glyphs
 * @property {Place[]} islands by radical, the largest first
 * @property {Place[]} continents by layout: left-right, top-bottom
 */

const NOISE_SEED = 1;

/**
 * @param {{ map_url: string, position_limit: number }} props
 * @param {AbortSignal} signal
 * @returns {Promise<MapData>}
 */
export async function loadMapData({ map_url, position_limit }, signal) {
  /** @param {string} name */
  const load = (name) => fetchFile(`${map_url}/${name}`, signal);
  const [packed, tiles, glyphs, places] = await Promise.all([
    load("positions.bin").then((file) => file.arrayBuffer()),
    load("tiles.bin").then((file) => file.arrayBuffer()),
    load("glyphs.json").then((file) => file.json()),
    load("islands.json").then((file) => file.json()),
  ]);
  const positions = unpackPositions(new Uint16Array(packed), position_limit);
  return {
    ...positions,
    ...drawNoise(positions.xs.length),
    tiles: new Uint16Array(tiles),
    glyphs,
    islands: places.islands,
    continents: places.continents,
  };
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<Response>}
 */
export async function fetchFile(url, signal) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url}: HTTP status ${response.status}`);
  return response;
}

/**
 * @param {Uint16Array} packed x, y of each character; 0 is -limit, 65535 is limit
 * @param {number} limit
 * @returns {{ xs: Float32Array, ys: Float32Array }}
 */
export function unpackPositions(packed, limit) {
  /** @param {number} offset */
  const unpack = (offset) =>
    Float32Array.from({ length: packed.length / 2 }, (_, i) => (packed[2 * i + offset] / 65535) * 2 * limit - limit);
  return { xs: unpack(0), ys: unpack(1) };
}

/**
 * A radical's character and names, as text.
 *
 * @param {Pick<Glyphs, "radical_chars" | "radical_names">} glyphs
 * @param {number} radical
 * @returns {string}
 */
export function radicalTitle({ radical_chars, radical_names }, radical) {
  return `${radical_chars[radical - 1]} ${radical_names[radical - 1]}`;
}

/** @param {number} count */
function drawNoise(count) {
  const normal = normalPairs(NOISE_SEED);
  const noiseX = new Float32Array(count);
  const noiseY = new Float32Array(count);
  for (let i = 0; i < count; i++) [noiseX[i], noiseY[i]] = normal();
  return { noiseX, noiseY };
}
