import assert from "node:assert/strict";
import { test } from "node:test";

import { Pictures, sourceOf } from "../../glyffuser/ui/components/frame_player/pictures.js";
import { makeFrame } from "./frames.js";

const BYTES = 4 * 256 * 256;

/** A decoder that counts, of pictures of 256 x 256 pixels. */
function makeDecoder() {
  /** @type {string[]} */
  const decoded = [];
  /** @param {string} source */
  const decode = async (source) => {
    decoded.push(source);
    if (source === "data:broken") throw new Error("no picture");
    return /** @type {any} */ ({ source, naturalWidth: 256, naturalHeight: 256 });
  };
  return { decode, decoded };
}

/** @param {number} step */
const frameAt = (step) => makeFrame({ step, x_t: `data:${step}`, pred_x_0: `data:pred ${step}` });

test("pure noise has no prediction, so both views show it, decoded once", async () => {
  const { decode, decoded } = makeDecoder();
  const pictures = new Pictures(decode);
  const noise = makeFrame({ step: 0, pred_x_0: null });
  assert.equal(sourceOf(noise, "pred_x_0"), "data:x_t");
  assert.equal(await pictures.get(noise, "pred_x_0"), await pictures.get(noise, "x_t"));
  assert.deepEqual(decoded, ["data:x_t"]);
});

test("each view of each step is decoded once while it is kept", async () => {
  const { decode, decoded } = makeDecoder();
  const pictures = new Pictures(decode);
  for (let repeat = 0; repeat < 2; repeat++) {
    for (const step of [1, 2]) {
      await pictures.get(frameAt(step), "x_t");
      await pictures.get(frameAt(step), "pred_x_0");
    }
  }
  assert.deepEqual(decoded, ["data:1", "data:pred 1", "data:2", "data:pred 2"]);
  assert.equal(pictures.bytes, 4 * BYTES);
});

test("two requests at a time share one decoding", async () => {
  const { decode, decoded } = makeDecoder();
  const pictures = new Pictures(decode);
  await Promise.all([pictures.get(frameAt(1), "x_t"), pictures.get(frameAt(1), "x_t")]);
  assert.equal(decoded.length, 1);
  assert.equal(pictures.bytes, BYTES);
});

test("never more is kept than the bound, however long the run", async () => {
  const { decode, decoded } = makeDecoder();
  const pictures = new Pictures(decode, 3.5 * BYTES);
  for (let step = 0; step <= 120; step++) {
    await pictures.get(frameAt(step), "x_t");
    assert.ok(pictures.bytes <= 3.5 * BYTES);
  }
  assert.equal(pictures.bytes, 3 * BYTES);
  assert.equal(decoded.length, 121);
});

test("many requests at a time end within the bound", async () => {
  const { decode } = makeDecoder();
  const pictures = new Pictures(decode, 3 * BYTES);
  await Promise.all([1, 2, 3, 4, 5, 6].map((step) => pictures.get(frameAt(step), "x_t")));
  assert.equal(pictures.bytes, 3 * BYTES);
});

test("the picture that was used least recently goes, and is decoded again when it is asked for", async () => {
  const { decode, decoded } = makeDecoder();
  const pictures = new Pictures(decode, 2 * BYTES);
  for (const step of [1, 2, 1, 3, 1, 2]) await pictures.get(frameAt(step), "x_t"); // 3 drops 2, not 1
  assert.deepEqual(decoded, ["data:1", "data:2", "data:3", "data:2"]);
});

test("a picture that is being decoded is not dropped and decoded twice", async () => {
  let finish = () => {};
  const slow = new Promise((resolve) => (finish = () => resolve(undefined)));
  const { decode, decoded } = makeDecoder();
  const pictures = new Pictures(async (source) => {
    const picture = await decode(source);
    if (source === "data:1") await slow;
    return picture;
  }, BYTES);
  const first = pictures.get(frameAt(1), "x_t");
  for (const step of [2, 3]) await pictures.get(frameAt(step), "x_t");
  const again = pictures.get(frameAt(1), "x_t");
  finish();
  assert.equal(await first, await again);
  assert.deepEqual(decoded, ["data:1", "data:2", "data:3"]);
});

test("a picture larger than the bound is given out and not kept", async () => {
  const { decode } = makeDecoder();
  const pictures = new Pictures(decode, BYTES - 1);
  assert.ok(await pictures.get(frameAt(1), "x_t"));
  assert.equal(pictures.bytes, 0);
});

test("a picture that cannot be decoded is refused, and tried again the next time", async () => {
  const { decode, decoded } = makeDecoder();
  const pictures = new Pictures(decode);
  const broken = makeFrame({ x_t: "data:broken" });
  await assert.rejects(pictures.get(broken, "x_t"), /no picture/);
  await assert.rejects(pictures.get(broken, "x_t"), /no picture/);
  assert.deepEqual([decoded.length, pictures.bytes], [2, 0]);
});

test("after clearing, a picture of the run before is neither kept nor given out", async () => {
  const { decode, decoded } = makeDecoder();
  const pictures = new Pictures(decode);
  await pictures.get(frameAt(1), "x_t");
  const late = pictures.get(frameAt(2), "x_t");
  pictures.clear();
  await late;
  assert.equal(pictures.bytes, 0);
  const other = /** @type {any} */ (await pictures.get(makeFrame({ run: "b", step: 2, x_t: "data:of b" }), "x_t"));
  assert.equal(other.source, "data:of b");
  assert.equal(decoded.length, 3);
});
