import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";

import { decodeFloats } from "../../glyffuser/ui/components/own_device/base64.js";
import { Conditioning } from "../../glyffuser/ui/components/own_device/conditioning.js";
import { Predictions, withFindings } from "../../glyffuser/ui/components/own_device/device_run.js";
import { frameMessages } from "../../glyffuser/ui/components/own_device/messages.js";
import { averagePictures, GLYPH_PIXELS, tile, toPixels } from "../../glyffuser/ui/components/own_device/pictures.js";
import { encodePng } from "../../glyffuser/ui/components/own_device/png.js";

/** @typedef {import("../../glyffuser/ui/components/protocol.d.ts").DeviceRun} DeviceRun */
/** @typedef {import("../../glyffuser/ui/components/own_device/sampler.js").Frame} Frame */

/** @param {number[]} values */
const base64 = (values) => Buffer.from(Float32Array.from(values).buffer).toString("base64");

/**
 * @param {number} tokens
 * @param {number} value
 */
const encodedPrompt = (tokens, value) => ({
  num_tokens: tokens,
  encoder_hidden_states: base64(Array(tokens * 2).fill(value)),
  class_labels: base64([value, value]),
  prior: base64([value, 0, 0, value]),
});

/** @type {DeviceRun} */
const RUN = {
  run: "a",
  label: "gold",
  seeds: [7, 8],
  columns: 2,
  settings: ['{"seeds": [7, 8]}', '{"seeds": [7]}', '{"seeds": [8]}'],
  file_names: ["both.png", "7.png", "8.png"],
  query: "v=2",
  config: {
    num_inference_steps: 3,
    guidance_scale: 1,
    sampler: "ddim",
    guidance_interval: [0, 999],
    pag_scale: 0,
    pag_interval: [0, 999],
    spacing: "even",
    network: "full",
  },
  prompt: encodedPrompt(3, 1),
  null_prompt: encodedPrompt(2, 0),
};

test("samples become grey levels, and what is outside the range is clipped", () => {
  assert.deepEqual([...toPixels(Float32Array.of(-3, -1, 0.5, 1, 2))], [0, 0, 191, 255, 255]);
});

test("glyphs are laid out row by row, and empty cells are paper", () => {
  const glyphs = new Uint8Array(3 * GLYPH_PIXELS);
  for (let i = 0; i < 3; i++) glyphs.fill(10 * (i + 1), i * GLYPH_PIXELS, (i + 1) * GLYPH_PIXELS);
  const { pixels, width } = tile(glyphs, 2);
  assert.deepEqual([width, pixels.length], [256, 4 * GLYPH_PIXELS]);
  const at = (/** @type {number} */ x, /** @type {number} */ y) => pixels[y * width + x];
  assert.deepEqual([at(127, 127), at(128, 0), at(0, 128), at(255, 255)], [10, 20, 30, 255]);
});

test("averaged pictures have a sixteenth of the pixels", () => {
  const glyphs = new Uint8Array(2 * GLYPH_PIXELS);
  for (let y = 0; y < 4; y++) for (let x = 4; x < 8; x++) glyphs[GLYPH_PIXELS + y * 128 + x] = 16 * y + x;
  const small = averagePictures(glyphs);
  assert.equal(small.length, 2 * 1024);
  assert.deepEqual([small[1024], small[1025], small[1026], small[1]], [0, 30, 0, 0]); // 24 + 5.5, rounded
});

test("a PNG holds the pixels and the settings", async () => {
  const pixels = Uint8Array.from({ length: 6 }, (_, i) => 40 * i);
  const png = Buffer.from(await encodePng(pixels, 3, '{"prompt": "é"}'));
  assert.equal(png.subarray(1, 4).toString("ascii"), "PNG");
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [3, 2]);
  assert.ok(png.includes(Buffer.from('iTXtglyffuser\0\0\0\0\0{"prompt": "é"}', "utf-8")));
  const start = png.indexOf("IDAT") + 4;
  const length = png.readUInt32BE(start - 8);
  assert.deepEqual([...inflateSync(png.subarray(start, start + length))], [0, 0, 40, 80, 0, 120, 160, 200]);
});

test("arrays of the server are read as float32", () => {
  assert.deepEqual([...decodeFloats(base64([1.5, -2]))], [1.5, -2]);
});

test("prompt and null prompt are padded to one length", () => {
  const inputs = new Conditioning(RUN).inputs(
    [
      { isNull: false, isPerturbed: false },
      { isNull: true, isPerturbed: false },
      { isNull: false, isPerturbed: true },
    ],
    519,
  );
  assert.deepEqual([inputs.rows, inputs.tokens], [3, 3]);
  assert.deepEqual([...inputs.timesteps], [519, 519, 519]);
  assert.deepEqual([...inputs.encoder_attention_mask], [1, 1, 1, 1, 1, 0, 1, 1, 1]);
  assert.deepEqual([...inputs.is_perturbed], [0, 0, 1]);
  assert.deepEqual([...inputs.class_labels], [1, 1, 0, 0, 1, 1]);
  assert.equal(inputs.encoder_hidden_states.length, 3 * 3 * 2);
  assert.deepEqual([...inputs.prior], [1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1]);
});

/**
 * @param {number} count
 * @returns {AsyncGenerator<Frame, void>}
 */
async function* framesOf(count) {
  for (let step = 1; step <= count; step++) {
    const x = new Float32Array(2 * GLYPH_PIXELS).fill(step === count ? 1 : 0);
    yield { step, num_steps: count, timestep: 1000 - step, next_timestep: 999 - step, x_t: x, pred_x_0: x };
  }
}

/**
 * @param {number} count
 * @param {number} milliseconds between two frames
 */
async function messagesOf(count, milliseconds) {
  let now = 0;
  const timesteps = Array.from({ length: count }, (_, i) => 999 - i);
  const sent = [];
  const clock = () => (now += milliseconds);
  for await (const frame of frameMessages(RUN, new Float32Array(2 * GLYPH_PIXELS), timesteps, framesOf(count), clock)) {
    sent.push(frame);
  }
  return sent;
}

test("messages are those of the server: the start, frames, the finished glyphs", async () => {
  const sent = await messagesOf(3, 100);
  const [start, , , done] = sent.map(({ message }) => message);
  assert.deepEqual(sent.map(({ message }) => [message.step, message.state]), [
    [0, "running"],
    [1, "running"],
    [2, "running"],
    [3, "done"],
  ]);
  const shared = { run: "a", label: "gold", seeds: [7, 8], num_glyphs: 2, columns: 2, num_steps: 3 };
  for (const { message } of sent) assert.deepEqual({ ...message, ...shared }, message);
  assert.deepEqual([start.timestep, start.next_timestep, start.pred_x_0], [null, 999, null]);
  assert.deepEqual([done.downloads?.length, done.download_names, done.query], [3, RUN.file_names, "v=2"]);
  assert.equal(done.x_t, done.downloads?.[0]);
  assert.ok(done.downloads?.every((url) => url.startsWith("data:image/png;base64,")));
  assert.equal(sent[3].glyphs?.length, 2 * GLYPH_PIXELS);
  assert.deepEqual(sent.map(({ small }) => small?.length ?? null), [null, 2048, 2048, 2048]);
});

test("no more than twelve frames a second are sent, and always the last", async () => {
  const steps = (await messagesOf(40, 20)).map(({ message }) => message.step);
  assert.deepEqual([steps[0], steps.at(-1)], [0, 40]);
  assert.ok(steps.length > 5 && steps.length < 15, String(steps));
});

test("predictions are thinned evenly, and the last one is always among them", () => {
  const predictions = new Predictions();
  for (let step = 0; step <= 100; step++) {
    const message = /** @type {any} */ ({ step });
    predictions.add({ message, small: step ? new Uint8Array(1) : null, glyphs: null });
  }
  const steps = predictions.chosen().map(({ step }) => step);
  assert.ok(steps.length <= 32 && steps.length > 20, String(steps.length));
  assert.equal(steps.at(-1), 100);
  assert.deepEqual(new Set(steps.slice(1).map((step, i) => step - steps[i])), new Set([4]));
});

test("what the server found out is put into the last message", () => {
  const message = /** @type {any} */ ({ step: 3, note: "" });
  const findings = { note: "gold", nearest: [5], positions: [[[0, 1]], [[2, 3]]] };
  assert.deepEqual(withFindings(message, findings, [1, 3]), {
    step: 3,
    note: "gold",
    nearest: [5],
    positions: [[2, 3]],
    late_positions: { 1: [[0, 1]], 3: [[2, 3]] },
  });
});
