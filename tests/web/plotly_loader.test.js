import assert from "node:assert/strict";
import { test } from "node:test";

import { loadPlotly } from "../../glyffuser/ui/components/glyph_map/plotly_loader.js";

/** @type {any[]} */
const scripts = [];
/** @type {Set<any>} */
const removed = new Set();
const page = {
  createElement: () => ({
    remove() {
      removed.add(this);
    },
  }),
  head: { append: (/** @type {any} */ script) => scripts.push(script) },
};
/** @type {{ Plotly?: object }} */
const fakeWindow = {};
Object.assign(globalThis, { document: page, window: fakeWindow });

test("a failed load is tried again, a load that worked is not", async () => {
  const failed = loadPlotly("plotly.js");
  assert.equal(loadPlotly("plotly.js"), failed);
  scripts[0].onerror();
  await assert.rejects(failed, /plotly.js could not be loaded/);
  assert.equal(removed.has(scripts[0]), true);

  const empty = loadPlotly("plotly.js");
  scripts[1].onload(); // a script that sets nothing
  await assert.rejects(empty, /plotly.js could not be loaded/);

  const loaded = loadPlotly("plotly.js");
  fakeWindow.Plotly = { newPlot: 1 };
  scripts[2].onload();
  assert.equal(await loaded, fakeWindow.Plotly);
  assert.equal(await loadPlotly("plotly.js"), fakeWindow.Plotly);
  assert.equal(scripts.length, 3);
});
