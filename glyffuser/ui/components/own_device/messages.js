/**
 * Frames of a run -> the messages that the frame player gets from the server, too (`glyffuser/ui/streaming.py`).
 */

import { GLYPH_PIXELS, frameUrl, pngUrl, averagePictures, tile, toPixels } from "./pictures.js";

/** @typedef {import("../protocol.d.ts").DeviceRun} DeviceRun */
/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("./sampler.js").Frame} Frame */

export const MAX_FRAMES_PER_SECOND = 12;

/**
 * @typedef {object} SentFrame
 * @property {FrameMessage} message
 * @property {Uint8Array | null} small predictions at 32 by 32 pixels, for their positions on the map; null at step 0
 * @property {Uint8Array | null} glyphs the finished glyphs (batch, 128, 128); null before the last frame
 */

/**
 * The start, at most 12 frames a second, always the last.
 *
 * @param {DeviceRun} run
 * @param {Float32Array} noise what the run begins with
 * @param {number[]} timesteps
 * @param {AsyncIterable<Frame>} frames
 * @param {() => number} [clock] milliseconds
 * @returns {AsyncGenerator<SentFrame, void>}
 */
export async function* frameMessages(run, noise, timesteps, frames, clock = () => performance.now()) {
  let sent = clock();
  yield { message: await startMessage(run, noise, timesteps), small: null, glyphs: null };
  for await (const frame of frames) {
    if (frame.step === frame.num_steps) {
      yield await lastFrame(run, frame);
    } else if (clock() - sent >= 1000 / MAX_FRAMES_PER_SECOND) {
      sent = clock();
      yield await runningFrame(run, frame);
    }
  }
}

/**
 * @param {DeviceRun} run
 * @param {Float32Array} noise
 * @param {number[]} timesteps
 * @returns {Promise<FrameMessage>}
 */
async function startMessage(run, noise, timesteps) {
  return {
    ...shared(run, timesteps.length),
    state: "running",
    step: 0,
    timestep: null,
    next_timestep: timesteps[0],
    x_t: await frameUrl(tile(toPixels(noise), run.columns)),
    pred_x_0: null,
  };
}

/**
 * @param {DeviceRun} run
 * @param {Frame} frame
 * @returns {Promise<SentFrame>}
 */
async function runningFrame(run, frame) {
  const predicted = toPixels(frame.pred_x_0);
  const message = {
    ...shared(run, frame.num_steps),
    ...where(frame),
    state: /** @type {const} */ ("running"),
    x_t: await frameUrl(tile(toPixels(frame.x_t), run.columns)),
    pred_x_0: await frameUrl(tile(predicted, run.columns)),
  };
  return { message, small: averagePictures(predicted), glyphs: null };
}

/**
 * Without loss, and with the pictures to keep.
 *
 * @param {DeviceRun} run
 * @param {Frame} frame
 * @returns {Promise<SentFrame>}
 */
async function lastFrame(run, frame) {
  const glyphs = toPixels(frame.x_t);
  const singles = run.seeds.map((_, i) => tile(glyphs.subarray(i * GLYPH_PIXELS, (i + 1) * GLYPH_PIXELS), 1));
  const pictures = [tile(glyphs, run.columns), ...singles];
  const downloads = await Promise.all(pictures.map((picture, i) => pngUrl(picture, run.settings[i])));
  const message = {
    ...shared(run, frame.num_steps),
    ...where(frame),
    state: /** @type {const} */ ("done"),
    x_t: downloads[0],
    pred_x_0: await pngUrl(tile(toPixels(frame.pred_x_0), run.columns)),
    downloads,
    download_names: run.file_names,
    query: run.query,
    note: "",
  };
  return { message, small: averagePictures(glyphs), glyphs };
}

/**
 * What all messages of a run share.
 *
 * @param {DeviceRun} run
 * @param {number} num_steps
 */
function shared({ run, label, seeds, columns }, num_steps) {
  return { run, label, seeds, num_glyphs: seeds.length, columns, num_steps };
}

/** @param {Frame} frame */
function where({ step, timestep, next_timestep }) {
  return { step, timestep, next_timestep };
}
