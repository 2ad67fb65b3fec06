/**
 * Messages from the page: kept until the map is loaded, then turned into changes of the state.
 *
 * @typedef {import("../protocol.d.ts").GlyphMapProps} GlyphMapProps
 * @typedef {NonNullable<GlyphMapProps["value"]>} Message
 * @typedef {import("./state.js").State} State
 */

/** A picked character is shown with its surroundings, this far around it. */
const PICKED_HALF = 0.35;

/** Hands messages on; before `open` it keeps the newest of each kind. */
export class MessageQueue {
  /** @type {Map<string, Message>} */
  #waiting = new Map();
  /** @type {((message: Message, wasKept?: boolean) => void) | null} */
  #receive = null;

  /** @param {Message} message */
  push(message) {
    if (this.#receive) return this.#receive(message);
    this.#waiting.delete(message.kind);
    this.#waiting.set(message.kind, message);
  }

  /**
   * Hand on what has been kept, in the order in which it came, and from then on each message at once.
   *
   * @param {(message: Message, wasKept?: boolean) => void} receive
   */
  open(receive) {
    this.#receive = receive;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    waiting.forEach((message) => receive(message, true));
  }
}

/**
 * @param {Message} message
 * @param {State} current
 * @param {{ xs: Float32Array, ys: Float32Array }} positions of the characters
 * @returns {Partial<State>} what the message changes
 */
export function changesOf(message, current, positions) {
  switch (message.kind) {
    case "hits":
      return { hits: message.indices && new Set(message.indices) };
    case "light":
      return changesOfLight(message, current);
    case "path":
      return changesOfPath(message, current);
    case "go":
      return changesOfGo(message.index, current, positions);
  }
}

/**
 * @param {import("../protocol.d.ts").LightMessage} message
 * @param {State} current
 * @returns {Partial<State>}
 */
function changesOfLight({ indices, weights, label = "" }, { layers }) {
  if (!indices) return { light: null, remark: null };
  const light = { indices, weights: weights ?? indices.map(() => 1 / indices.length), label };
  return { light, remark: "light", layers: { ...layers, contours: true } };
}

/**
 * Whether a path is not the one that is shown, grown by some points.
 *
 * @param {import("../protocol.d.ts").PathMessage} path
 * @param {State} current
 */
export function isNewPath(path, current) {
  return String(current.path?.points[0]) !== String(path.points[0]);
}

/**
 * A new path takes the noise away, so that it is seen; one that grows leaves it to the visitor.
 *
 * @param {import("../protocol.d.ts").PathMessage} path
 * @param {State} current
 * @returns {Partial<State>}
 */
function changesOfPath(path, current) {
  return isNewPath(path, current) ? { path, timestep: 0, remark: "path", hovered: null } : { path };
}

/**
 * @param {number} index
 * @param {State} current
 * @param {{ xs: Float32Array, ys: Float32Array }} positions
 * @returns {Partial<State>}
 */
function changesOfGo(index, { layers, view }, { xs, ys }) {
  return {
    timestep: 0,
    layers: { ...layers, surface: false },
    view: { x: xs[index], y: ys[index], half: Math.min(view.half, PICKED_HALF) },
    hovered: null,
  };
}
