/** How long the device takes, and what follows from it. */

import { rowsOf } from "./guidance.js";
import { spacedTimesteps } from "./schedule.js";

/** @typedef {import("../protocol.d.ts").OwnDeviceProps} OwnDeviceProps */

const MAX_AUTOMATIC_SECONDS = 30;
const FETCH_SECONDS = 15; // 40 MB at 20 Mbit/s, and a start

/**
 * Seconds of a run with the settings of a fresh page.
 *
 * @param {Pick<OwnDeviceProps, "usual" | "usual_num_glyphs" | "schedule">} props
 * @param {number} secondsARow
 */
export function usualSeconds({ usual, usual_num_glyphs: numGlyphs, schedule }, secondsARow) {
  const timesteps = spacedTimesteps(usual.num_inference_steps, usual.spacing, schedule.num_train_timesteps);
  return numGlyphs * rowsOf(timesteps, usual, true) * secondsARow;
}

/**
 * Where runs are drawn.
 *
 * @param {"device" | "server" | null} chosen by the visitor
 * @param {boolean} isAutomatic whether the backend is used unasked
 * @param {number} seconds of a usual run on the device
 * @returns {"device" | "server"}
 */
export function whereToDraw(chosen, isAutomatic, seconds) {
  return chosen ?? (isAutomatic && seconds <= MAX_AUTOMATIC_SECONDS ? "device" : "server");
}

/**
 * Whether somebody who waits for the server would be served sooner by the device.
 *
 * @param {number} waitSeconds
 * @param {number} seconds of a usual run on the device
 * @param {boolean} isKept whether the network has been fetched before
 */
export function isDeviceSooner(waitSeconds, seconds, isKept) {
  return waitSeconds > seconds + (isKept ? 0 : FETCH_SECONDS);
}
