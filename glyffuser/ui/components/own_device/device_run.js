import { MAX_PREDICTIONS } from "./server.js";

/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("../protocol.d.ts").DeviceFindings} DeviceFindings */
/** @typedef {import("./messages.js").SentFrame} SentFrame */

/** The predictions of a run, kept until the server is asked for their positions on the map. */
export class Predictions {
  /** @type {{ step: number, small: Uint8Array }[]} */
  #all = [];

  /** @param {SentFrame} frame */
  add({ message, small }) {
    if (small) this.#all.push({ step: message.step, small });
  }

  /** At most as many as the server takes, evenly spaced, always with the last one. */
  chosen() {
    const stride = Math.ceil(this.#all.length / MAX_PREDICTIONS);
    const last = this.#all.length - 1;
    return this.#all.filter((_, i) => (last - i) % stride === 0);
  }
}

/**
 * The last message of a run with what the server found out.
 *
 * @param {FrameMessage} message
 * @param {DeviceFindings} findings
 * @param {number[]} steps of the predictions that the positions belong to
 * @returns {FrameMessage}
 */
export function withFindings(message, { note, positions, nearest }, steps) {
  const late = Object.fromEntries(steps.map((step, i) => [step, positions[i]]));
  return { ...message, note, nearest, positions: positions.at(-1), late_positions: late };
}
