/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("./canvas.js").GlyphCanvas} GlyphCanvas */
/** @typedef {import("./pictures.js").Pictures} Pictures */
/** @typedef {import("./pictures.js").View} View */

/** Paints one frame after another. Pictures that are decoded late are never painted over newer ones. */
export class Screen {
  #canvas;
  #pictures;
  #onShown;
  #numAsked = 0;
  #lastPainted = 0;

  /**
   * @param {object} options
   * @param {Pick<GlyphCanvas, "paint">} options.canvas
   * @param {Pick<Pictures, "get" | "clear">} options.pictures
   * @param {(frame: FrameMessage, view: View, hasPicture: boolean) => void} options.onShown is told what is on the
   *   canvas now
   */
  constructor({ canvas, pictures, onShown }) {
    this.#canvas = canvas;
    this.#pictures = pictures;
    this.#onShown = onShown;
  }

  /**
   * Paint a frame once its picture is decoded; leave the canvas empty if it cannot be decoded.
   *
   * @param {FrameMessage} frame
   * @param {View} view
   * @param {number | null} picked
   */
  async show(frame, view, picked) {
    const ticket = ++this.#numAsked;
    const picture = await this.#pictures.get(frame, view).catch(() => null);
    if (ticket < this.#lastPainted) return;
    this.#lastPainted = ticket;
    this.#canvas.paint(picture, frame, picked);
    this.#onShown(frame, view, picture !== null);
  }

  /** Drop everything that was asked for so far: another run begins. */
  reset() {
    this.#lastPainted = ++this.#numAsked;
    this.#pictures.clear();
  }

  destroy() {
    this.#lastPainted = Infinity;
    this.#pictures.clear();
  }
}
