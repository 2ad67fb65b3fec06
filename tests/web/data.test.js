import assert from "node:assert/strict";
import { test } from "node:test";

import { loadMapData, unpackPositions } from "../../glyffuser/ui/components/glyph_map/data.js";

const PROPS = { map_url: "folder/map", position_limit: 4 };
const PLACES = { islands: [{ name: "water", x: 1, y: 2 }], continents: [] };

/** @param {Record<string, unknown>} files bytes, or what is sent as JSON */
function serve(files) {
  Object.assign(globalThis, {
    fetch: async (/** @type {string} */ url) => {
      const file = files[url];
      if (file === undefined) return new Response("", { status: 404 });
      return new Response(file instanceof Uint16Array ? file.slice().buffer : JSON.stringify(file));
    },
  });
}

test("positions are unpacked from end to end", () => {
  const { xs, ys } = unpackPositions(Uint16Array.of(0, 65535, 32768, 13107), 4);
  assert.deepEqual([xs[0], ys[0]], [-4, 4]);
  assert.ok(Math.abs(xs[1]) < 1e-4 && Math.abs(ys[1] + 2.4) < 1e-6);
});

test("the files become one object, with the same noise each time", async () => {
  serve({
    "folder/map/positions.bin": Uint16Array.of(0, 65535, 65535, 0),
    "folder/map/tiles.bin": Uint16Array.of(7, 8),
    "folder/map/glyphs.json": { codepoints: [1, 2] },
    "folder/map/islands.json": PLACES,
  });
  const { signal } = new AbortController();
  const data = await loadMapData(PROPS, signal);
  assert.deepEqual([[...data.xs], [...data.ys], [...data.tiles]], [[-4, 4], [4, -4], [7, 8]]);
  assert.deepEqual([data.glyphs.codepoints, data.islands], [[1, 2], PLACES.islands]);
  assert.equal(data.noiseX.length, 2);
  assert.deepEqual((await loadMapData(PROPS, signal)).noiseY, data.noiseY);
});

test("a file that is missing is named", async () => {
  serve({ "folder/map/positions.bin": Uint16Array.of(0, 0) });
  await assert.rejects(loadMapData(PROPS, new AbortController().signal), /folder\/map\/tiles.bin: HTTP status 404/);
});
