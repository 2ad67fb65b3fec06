import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeScenes, GREYS, importGifenc } from "../../glyffuser/ui/components/frame_player/gif.js";

const GIFENC = new URL("../../glyffuser/ui/components/frame_player/gifenc.esm.js", import.meta.url);

/**
 * A canvas context of one grey level; a scene sets it.
 *
 * @param {number} width
 * @param {number} height
 */
function makeContext(width, height) {
  return /** @type {any} */ ({
    canvas: { width, height },
    grey: 0,
    getImageData() {
      return { data: new Uint8ClampedArray(4 * width * height).fill(this.grey) };
    },
  });
}

/** @param {number[]} greys one a scene */
function scenesOf(greys) {
  return greys.map((grey, i) => ({
    delay: 100 * (i + 1),
    draw: async (/** @type {any} */ context) => {
      await null; // a scene may have to decode its picture first
      context.grey = grey;
    },
  }));
}

const noPause = async () => {};

test("each scene becomes a frame of grey levels with its delay, in order", async () => {
  const calls = /** @type {any[]} */ ([]);
  const encoder = {
    /** @param {any[]} frame */
    writeFrame: (...frame) => calls.push(frame),
    finish: () => calls.push("finish"),
    bytes: () => new Uint8Array([1, 2, 3]),
  };
  const bytes = await encodeScenes(encoder, makeContext(3, 2), scenesOf([0, 255, 128]), noPause);
  assert.deepEqual([...bytes], [1, 2, 3]);
  assert.equal(calls.pop(), "finish");
  assert.deepEqual(
    calls.map(([pixels, width, height, { delay }]) => [[...new Set(pixels)], pixels.length, width, height, delay]),
    [[[0], 6, 3, 2, 100], [[GREYS - 1], 6, 3, 2, 200], [[8], 6, 3, 2, 300]],
  );
  const { palette } = calls[0][3];
  assert.deepEqual([palette.length, palette[0], palette[GREYS - 1]], [GREYS, [0, 0, 0], [255, 255, 255]]);
});

test("the page gets time before every scene, and may end the work", async () => {
  let pauses = 0;
  const pause = async () => {
    if (++pauses === 3) throw new Error("ended");
  };
  const encoder = { writeFrame: () => {}, finish: () => assert.fail("finished"), bytes: () => new Uint8Array() };
  await assert.rejects(encodeScenes(encoder, makeContext(1, 1), scenesOf([0, 0, 0, 0]), pause), /ended/);
  assert.equal(pauses, 3);
});

test("the encoder that is shipped makes a GIF that repeats for ever", async () => {
  const { GIFEncoder } = await import(GIFENC.href);
  const bytes = await encodeScenes(GIFEncoder(), makeContext(8, 4), scenesOf([0, 255]), noPause);
  assert.equal(new TextDecoder("latin1").decode(bytes.slice(0, 6)), "GIF89a");
  assert.deepEqual([bytes[6], bytes[8]], [8, 4]);
  const loop = new TextDecoder("latin1").decode(bytes).indexOf("NETSCAPE2.0");
  assert.deepEqual([...bytes.slice(loop + 11, loop + 15)], [3, 1, 0, 0]);
  assert.equal(bytes.filter((byte, i) => byte === 0x21 && bytes[i + 1] === 0xf9 && bytes[i + 2] === 4).length, 2);
});

test("gifenc is fetched by another address after a failure", async () => {
  const addresses = /** @type {string[]} */ ([]);
  const load = async (/** @type {string} */ address) => {
    addresses.push(address);
    if (addresses.length === 1) throw new Error("offline");
    return { GIFEncoder: /** @type {any} */ (() => "encoder") };
  };
  const base = "https://example.org/app/";
  await assert.rejects(importGifenc("static/gifenc.js?v=1", load, base), /offline/);
  const { GIFEncoder } = await importGifenc("static/gifenc.js?v=1", load, base);
  assert.equal(GIFEncoder(), "encoder");
  assert.deepEqual(addresses, [`${base}static/gifenc.js?v=1`, `${base}static/gifenc.js?v=1&retry=1`]);
});
