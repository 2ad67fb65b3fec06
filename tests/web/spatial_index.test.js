import assert from "node:assert/strict";
import { test } from "node:test";

import { normalPairs } from "../../glyffuser/ui/components/random.js";
import { SpatialIndex } from "../../glyffuser/ui/components/glyph_map/spatial_index.js";

const COUNT = 2000;
const normal = normalPairs(7);
const pairs = Array.from({ length: COUNT }, normal);
const xs = Float32Array.from(pairs, ([x]) => x);
const ys = Float32Array.from(pairs, ([, y]) => y);
const index = new SpatialIndex(xs, ys);

/** @param {{ x: number, y: number }} place */
function distances({ x, y }) {
  return Float64Array.from(xs, (px, i) => Math.hypot(px - x, ys[i] - y));
}

test("the nearest point is found, or none if none is within reach", () => {
  let found = 0;
  for (let number = 0; number < 200; number++) {
    const [x, y] = normal();
    const all = distances({ x, y });
    const best = all.indexOf(Math.min(...all));
    for (const reach of [0.02, 0.13]) {
      const expected = all[best] <= reach ? best : null;
      assert.equal(index.nearest({ x, y }, reach), expected);
      found += expected === null ? 0 : 1;
    }
  }
  assert.ok(found > 50 && found < 350, `${found} of 400 lie within reach`);
});

test("a preferred point is taken rather than a nearer one beside it, but not over four times the distance", () => {
  const row = new SpatialIndex(Float32Array.of(0, 0.03, 0.2), Float32Array.of(0, 0, 0));
  const place = { x: 0.01, y: 0 };
  assert.equal(row.nearest(place, 0.3), 0);
  assert.equal(row.nearest(place, 0.3, (i) => i === 1), 1);
  assert.equal(row.nearest(place, 0.3, (i) => i === 2), 0);
});

test("a point that is not preferred is found where there is no other", () => {
  const single = new SpatialIndex(Float32Array.of(-0.5), Float32Array.of(-0.5));
  assert.equal(single.nearest({ x: -0.52, y: -0.49 }, 0.05, () => false), 0);
});
