import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mock, test } from "node:test";

import { unpackPositions } from "../../glyffuser/ui/components/glyph_map/data.js";
import { MAX_GLYPHS, charactersInView } from "../../glyffuser/ui/components/glyph_map/overlay.js";
import { MAX_PAGES, Sprites } from "../../glyffuser/ui/components/glyph_map/sprites.js";
import { cameraOf } from "../../glyffuser/ui/components/glyph_map/view.js";
import { fakeContext, settle } from "./glyph_map_fixtures.js";

const TILES_A_PAGE = 4;
const NUM_PAGES = 20;

/** Sprites of four a page, whose pages are fakes. @param {(page: number) => void} [onLoad] may throw */
function fakeSprites(onLoad = () => {}) {
  /** @type {Set<number>} */
  const decoded = new Set();
  /** @type {number[]} */
  const loads = [];
  const onReady = mock.fn();
  /** @param {number} page */
  const load = async (page) => {
    loads.push(page);
    onLoad(page);
    decoded.add(page);
    return /** @type {any} */ ({ page, close: () => decoded.delete(page) });
  };
  const tiles = Uint16Array.from({ length: TILES_A_PAGE * NUM_PAGES }, (_, index) => index);
  const context = fakeContext();
  const sprites = new Sprites({ tiles, tileSize: 64, tilesASide: 2, load, onReady });
  /** @param {number} page */
  const draw = (page) => sprites.draw(context, page * TILES_A_PAGE, 0, 0, 10);
  return { sprites, context, decoded, loads, onReady, draw };
}

test("a sprite is drawn once its page has come, which is asked for once", async () => {
  const { sprites, context, loads, onReady } = fakeSprites();
  assert.equal(sprites.draw(context, 4 * 5 + 3, 7, 8, 30), false);
  assert.equal(sprites.draw(context, 4 * 5, 7, 8, 30), false);
  await settle();
  assert.deepEqual([loads, onReady.mock.callCount()], [[5], 1]);
  assert.equal(sprites.draw(context, 4 * 5 + 3, 7, 8, 30), true);
  const [image, ...place] = context.calls[0].args;
  assert.equal(image.page, 5);
  assert.deepEqual(place, [64, 64, 64, 64, 7, 8, 30, 30]);
});

test("the page that was drawn longest ago is given up, and comes back when it is drawn again", async () => {
  const { draw, decoded, loads } = fakeSprites();
  for (let page = 0; page < MAX_PAGES; page++) {
    draw(page);
    await settle();
  }
  assert.equal(draw(0), true); // page 1 is now the one that was drawn longest ago
  draw(MAX_PAGES);
  await settle();
  assert.equal(decoded.size, MAX_PAGES);
  assert.deepEqual([decoded.has(0), decoded.has(1)], [true, false]);
  assert.equal(draw(1), false);
  await settle();
  assert.equal(draw(1), true);
  assert.equal(loads.filter((page) => page === 1).length, 2);
});

test("no more pages are kept, however many come at once", async () => {
  const { draw, decoded } = fakeSprites();
  for (let page = 0; page < NUM_PAGES; page++) draw(page);
  await settle();
  assert.equal(decoded.size, MAX_PAGES);
});

test("a page that fails is reported once and asked for again", async () => {
  const warn = mock.method(console, "warn", () => {});
  let isBroken = true;
  const { draw, loads, onReady } = fakeSprites(() => {
    if (isBroken) throw new Error("offline");
  });
  for (let number = 0; number < 3; number++) {
    draw(2);
    await settle();
  }
  assert.deepEqual([loads.length, warn.mock.callCount(), onReady.mock.callCount()], [3, 1, 0]);
  isBroken = false;
  draw(2);
  await settle();
  assert.equal(draw(2), true);
  warn.mock.restore();
});

test("closing frees all pages, also those that are on their way", async () => {
  const { sprites, draw, decoded, onReady } = fakeSprites();
  draw(0);
  await settle();
  draw(1);
  sprites.close();
  await settle();
  draw(3);
  await settle();
  assert.deepEqual([decoded.size, onReady.mock.callCount()], [0, 1]);
});

test("the glyphs of one view of the shipped map lie on fewer pages than are kept", () => {
  const folder = new URL("../../checkpoints/map/", import.meta.url);
  /** @param {string} name */
  const read = (name) => new Uint16Array(Uint8Array.from(readFileSync(new URL(name, folder))).buffer);
  const manifest = JSON.parse(readFileSync(new URL("manifest.json", folder), "utf-8"));
  const positions = unpackPositions(read("positions.bin"), manifest.position_limit);
  const tiles = read("tiles.bin");
  let [most, views] = [0, 0];
  for (let index = 0; index < tiles.length; index += 67) {
    for (const half of [0.1, 0.2, 0.3, 0.45, 0.7]) {
      for (const size of [{ width: 390, height: 390 }, { width: 1000, height: 400 }]) {
        const view = { x: positions.xs[index], y: positions.ys[index], half };
        const inView = charactersInView(positions, cameraOf(view, size));
        if (inView.length > MAX_GLYPHS) continue;
        views++;
        most = Math.max(most, new Set(inView.map((one) => Math.floor(tiles[one] / manifest.tiles_a_side ** 2))).size);
      }
    }
  }
  assert.ok(views > 500, `${views} views`);
  assert.ok(most < MAX_PAGES, `${most} pages`);
});
