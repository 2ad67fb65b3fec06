/** Draws at most once a frame, however often it is asked to. */

/** One drawing at a time: what is asked for meanwhile is drawn in the frame after it. */
export class FrameScheduler {
  #draw;
  /** @type {number | null} */
  #frame = null;
  #isDrawing = false;
  #isRequested = false;
  #isStopped = false;
  #reported = "";

  /** @param {() => Promise<void>} draw a rejection is reported to the console and blocks no later drawing */
  constructor(draw) {
    this.#draw = draw;
  }

  /** Draw in the next frame. */
  request() {
    if (this.#isStopped) return;
    this.#isRequested = true;
    if (this.#frame === null && !this.#isDrawing) this.#frame = requestAnimationFrame(() => this.#run());
  }

  /** Draw nothing from now on. */
  stop() {
    this.#isStopped = true;
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
  }

  async #run() {
    this.#frame = null;
    this.#isRequested = false;
    this.#isDrawing = true;
    try {
      await this.#draw();
      this.#reported = "";
    } catch (error) {
      this.#report(error);
    } finally {
      this.#isDrawing = false;
    }
    if (this.#isRequested) this.request();
  }

  /**
   * The same failure in one frame after another is reported once.
   *
   * @param {unknown} error
   */
  #report(error) {
    if (this.#isStopped || String(error) === this.#reported) return;
    this.#reported = String(error);
    console.warn(error);
  }
}
