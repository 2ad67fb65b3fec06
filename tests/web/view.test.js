import assert from "node:assert/strict";
import { test } from "node:test";

import {
  HOME,
  cameraOf,
  dragged,
  moved,
  movedByKey,
  pinched,
  wheelFactor,
  zoomed,
} from "../../glyffuser/ui/components/glyph_map/view.js";

const SIZE = { width: 800, height: 400 };
const VIEW = { x: 0.5, y: -0.25, half: 1 };

/** @param {{ x: number, y: number }} actual @param {{ x: number, y: number }} expected */
function assertSamePoint(actual, expected) {
  assert.ok(Math.hypot(actual.x - expected.x, actual.y - expected.y) < 1e-9, JSON.stringify({ actual, expected }));
}

test("the camera shows half a view to each side along the shorter side of the stage", () => {
  const camera = cameraOf(VIEW, SIZE);
  assert.deepEqual(camera.y, [-1.25, 0.75]);
  assert.deepEqual(camera.x, [-1.5, 2.5]);
  assert.equal(camera.scale, 200);
  assert.deepEqual([camera.toX(-1.5), camera.toY(0.75)], [0, 0]);
  assert.deepEqual([camera.toX(2.5), camera.toY(-1.25)], [800, 400]);
});

test("pixels and map coordinates are converted to and fro", () => {
  const camera = cameraOf(VIEW, SIZE);
  const place = camera.toMap({ x: 123, y: 321 });
  assertSamePoint({ x: camera.toX(place.x), y: camera.toY(place.y) }, { x: 123, y: 321 });
});

test("zooming about a point keeps it where it is on the stage", () => {
  const pixel = { x: 700, y: 50 };
  for (const factor of [0.3, 0.9, 1.7]) {
    const view = zoomed(VIEW, factor, cameraOf(VIEW, SIZE).toMap(pixel));
    assert.equal(view.half, factor);
    assertSamePoint(cameraOf(view, SIZE).toMap(pixel), cameraOf(VIEW, SIZE).toMap(pixel));
  }
});

test("zooming has ends, at which it moves nothing", () => {
  const nearest = zoomed(VIEW, 1e-9, { x: 1, y: 1 });
  const farthest = zoomed(VIEW, 1e9, { x: 1, y: 1 });
  assert.equal(nearest.half, 0.03);
  assert.equal(farthest.half, 4.2);
  assertSamePoint(zoomed(nearest, 0.5, { x: 2, y: 2 }), nearest);
  assertSamePoint(zoomed(farthest, 2, { x: 0, y: 0 }), farthest);
});

test("the centre stays on the map", () => {
  assert.deepEqual(moved(VIEW, 99, -99), { x: 3, y: -3, half: 1 });
  assert.equal(zoomed({ x: 3, y: 3, half: 0.1 }, 40, { x: -3, y: -3 }).x, 3);
});

test("a dragged place stays under the pointer", () => {
  const [from, to] = [{ x: 100, y: 300 }, { x: 160, y: 280 }];
  const view = dragged(VIEW, SIZE, from, to);
  assertSamePoint(cameraOf(view, SIZE).toMap(to), cameraOf(VIEW, SIZE).toMap(from));
});

test("two fingers that part zoom about the middle between them", () => {
  const before = [{ x: 190, y: 100 }, { x: 210, y: 100 }];
  const after = [{ x: 180, y: 100 }, { x: 220, y: 100 }];
  const view = pinched(VIEW, SIZE, before, after);
  assert.equal(view.half, 0.5);
  assertSamePoint(cameraOf(view, SIZE).toMap({ x: 200, y: 100 }), cameraOf(VIEW, SIZE).toMap({ x: 200, y: 100 }));
});

test("two fingers on one place do not make the view infinite", () => {
  const view = pinched(VIEW, SIZE, [{ x: 0, y: 0 }, { x: 9, y: 0 }], [{ x: 5, y: 5 }, { x: 5, y: 5 }]);
  assert.equal(view.half, 4.2);
});

test("the wheel zooms in and out alike, and a large turn no more than a moderate one", () => {
  assert.ok(wheelFactor(-10) < 1);
  assert.ok(Math.abs(wheelFactor(30) * wheelFactor(-30) - 1) < 1e-12);
  assert.equal(wheelFactor(5000), wheelFactor(60));
});

test("keys move the map by a fifth of what is shown", () => {
  assert.deepEqual(movedByKey(HOME, "ArrowRight"), { x: 0.43, y: 0, half: 2.15 });
  assert.deepEqual(movedByKey(HOME, "ArrowUp"), { x: 0, y: 0.43, half: 2.15 });
  assert.deepEqual(movedByKey(HOME, "ArrowLeft")?.x, -0.43);
  assert.deepEqual(movedByKey(HOME, "ArrowDown")?.y, -0.43);
  assert.ok(/** @type {any} */ (movedByKey(HOME, "=")).half < HOME.half);
  assert.ok(/** @type {any} */ (movedByKey(HOME, "-")).half > HOME.half);
  assert.equal(movedByKey(HOME, "a"), null);
  assert.equal(movedByKey(HOME, "toString"), null);
});
