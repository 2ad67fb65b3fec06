import assert from "node:assert/strict";
import { test } from "node:test";

import { Screen } from "../../glyffuser/ui/components/frame_player/screen.js";
import { makeFrame } from "./frames.js";

/** A screen whose pictures a test decodes when it likes. */
function makeScreen() {
  /** @type {Map<number, { resolve: () => void, reject: () => void }>} */
  const decoding = new Map();
  /** @type {unknown[][]} */
  const painted = [];
  /** @type {unknown[][]} */
  const shown = [];
  const pictures = {
    /** @param {{ step: number }} frame */
    get: ({ step }) =>
      /** @type {Promise<any>} */ (
        new Promise((resolve, reject) => {
          decoding.set(step, { resolve: () => resolve(`picture ${step}`), reject: () => reject(new Error("broken")) });
        })
      ),
    clear: () => {},
  };
  const screen = new Screen({
    canvas: { paint: (picture, _grid, picked) => painted.push([picture, picked]) },
    pictures,
    onShown: (frame, view, hasPicture) => shown.push([frame.step, view, hasPicture]),
  });
  /** @param {number} step */
  const show = (step) => screen.show(makeFrame({ step }), "x_t", null);
  return { screen, show, decoding, painted, shown };
}

test("a frame is painted and described once its picture is decoded", async () => {
  const { screen, decoding, painted, shown } = makeScreen();
  const done = screen.show(makeFrame({ step: 3 }), "pred_x_0", 2);
  assert.deepEqual(painted, []);
  decoding.get(3)?.resolve();
  await done;
  assert.deepEqual([painted, shown], [[["picture 3", 2]], [[3, "pred_x_0", true]]]);
});

test("a picture that is decoded late is not painted over a newer one", async () => {
  const { show, decoding, shown } = makeScreen();
  const done = [show(1), show(2)];
  decoding.get(2)?.resolve();
  await done[1];
  decoding.get(1)?.resolve();
  await done[0];
  assert.deepEqual(shown, [[2, "x_t", true]]);
});

test("a picture that cannot be decoded leaves an empty canvas, and the next frame is shown", async () => {
  const { show, decoding, painted, shown } = makeScreen();
  const done = [show(1), show(2)];
  decoding.get(1)?.reject();
  await done[0];
  decoding.get(2)?.resolve();
  await done[1];
  assert.deepEqual(painted, [[null, null], ["picture 2", null]]);
  assert.deepEqual(shown, [[1, "x_t", false], [2, "x_t", true]]);
});

test("after a reset no picture of the run before is painted, also none that fails", async () => {
  for (const outcome of /** @type {const} */ (["resolve", "reject"])) {
    const { screen, show, decoding, painted, shown } = makeScreen();
    const late = show(9);
    screen.reset();
    decoding.get(9)?.[outcome]();
    await late;
    assert.deepEqual([painted, shown], [[], []]);
    const next = show(0);
    decoding.get(0)?.resolve();
    await next;
    assert.deepEqual(shown, [[0, "x_t", true]]);
  }
});

test("a screen that is destroyed paints nothing more", async () => {
  const { screen, show, decoding, painted } = makeScreen();
  const late = show(1);
  screen.destroy();
  decoding.get(1)?.resolve();
  await late;
  assert.deepEqual(painted, []);
});
