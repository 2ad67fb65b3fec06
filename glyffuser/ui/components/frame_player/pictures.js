/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {"x_t" | "pred_x_0"} View */
/** @typedef {(source: string) => Promise<HTMLImageElement>} Decode */

/** Bound of the decoded pixels that are kept: 60 frames of 16 glyphs. */
export const MAX_BYTES = 64 * 2 ** 20;
const BYTES_PER_PIXEL = 4;

/**
 * Data URL of a frame's picture in one of the two views. Pure noise has no prediction: both views show it.
 *
 * @param {FrameMessage} frame
 * @param {View} view
 */
export function sourceOf(frame, view) {
  return frame[view] ?? frame.x_t;
}

/**
 * @param {string} source a data URL
 * @returns {Promise<HTMLImageElement>} is rejected if it cannot be decoded
 */
export async function decodeImage(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

/** Decoded pictures of one run: the least recently used ones are dropped, and decoded again when they are needed. */
export class Pictures {
  #decode;
  #maxBytes;
  #bytes = 0;
  /**
   * Least recently used first.
   *
   * @type {Map<string, { picture: Promise<HTMLImageElement>, bytes: number }>}
   */
  #entries = new Map();

  /**
   * @param {Decode} [decode]
   * @param {number} [maxBytes]
   */
  constructor(decode = decodeImage, maxBytes = MAX_BYTES) {
    this.#decode = decode;
    this.#maxBytes = maxBytes;
  }

  /** Size of the decoded pixels that are kept. */
  get bytes() {
    return this.#bytes;
  }

  /**
   * @param {FrameMessage} frame
   * @param {View} view
   */
  get(frame, view) {
    const key = `${frame.step} ${frame[view] === null ? "x_t" : view}`;
    const entry = this.#entries.get(key);
    if (!entry) return this.#load(key, sourceOf(frame, view));
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.picture;
  }

  /** Drop all pictures: another run begins, whose steps have the same numbers. */
  clear() {
    this.#entries.clear();
    this.#bytes = 0;
  }

  /**
   * @param {string} key
   * @param {string} source
   */
  #load(key, source) {
    const entry = { picture: this.#decode(source), bytes: 0 };
    this.#entries.set(key, entry);
    entry.picture.then(
      (image) => {
        if (this.#entries.get(key) !== entry) return;
        entry.bytes = image.naturalWidth * image.naturalHeight * BYTES_PER_PIXEL;
        this.#bytes += entry.bytes;
        this.#evict();
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key); // it is tried again when it is asked for
      },
    );
    return entry.picture;
  }

  #evict() {
    for (const [key, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      if (!bytes) continue; // being decoded
      this.#entries.delete(key);
      this.#bytes -= bytes;
    }
  }
}
