/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("./run_frames.js").RunFrames} RunFrames */

/**
 * @typedef {object} Clock
 * @property {(milliseconds: number, action: () => void) => () => void} after runs the action later; returns what
 *   cancels it
 */

export const FOLLOW_MS = 1000 / 30;
export const REPLAY_MS = 1000 / 12;

/** @type {Clock} */
const BROWSER_CLOCK = {
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
};

/**
 * Decides which frame is shown, and when.
 *
 * It follows a run until the visitor replays or scrubs, and again once the newest frame is reached. Following shows at
 * most 30 frames a second, so a run that arrives all at once is still seen step by step.
 */
export class Transport {
  #frames;
  #onShow;
  #onReplay;
  #clock;
  #isHidden;
  #index = -1;
  #position = 0;
  #isLive = true;
  #isReplaying = false;
  /** @type {(() => void) | null} */
  #cancelTimer = null;

  /**
   * @param {object} options
   * @param {RunFrames} options.frames
   * @param {(frame: FrameMessage, position: number) => void} options.onShow is told the frame to show and the step at
   *   which the scrubber stands
   * @param {(isReplaying: boolean) => void} options.onReplay is told when a replay begins and ends
   * @param {Clock} [options.clock]
   * @param {() => boolean} [options.isHidden] whether nobody sees the page
   */
  constructor({ frames, onShow, onReplay, clock = BROWSER_CLOCK, isHidden = () => document.hidden }) {
    this.#frames = frames;
    this.#onShow = onShow;
    this.#onReplay = onReplay;
    this.#clock = clock;
    this.#isHidden = isHidden;
  }

  /** Follow another run, of which nothing is shown yet. */
  reset() {
    this.halt();
    this.#index = -1;
    this.#isLive = true;
  }

  /** Show the frames that have arrived, unless the visitor looks at older ones. A hidden page skips to the newest. */
  follow() {
    if (this.#cancelTimer || !this.#isLive || this.#isAtNewest) return;
    this.#show(this.#isHidden() ? this.#frames.count - 1 : this.#index + 1);
    this.#after(FOLLOW_MS, () => this.follow());
  }

  /**
   * Play a finished run from its start.
   *
   * @param {boolean} isMotionReduced show its end at once instead
   */
  present(isMotionReduced) {
    this.#show(isMotionReduced ? this.#frames.count - 1 : 0);
    if (!isMotionReduced) this.toggleReplay();
  }

  /** Replay a run that has been shown to its end; a visitor who looks at one of its frames is left alone. */
  playAgain() {
    if (this.#isAtNewest && !this.#isReplaying) this.toggleReplay();
  }

  /** Replay from the frame that is shown, from the start if that is the newest one; or pause a replay. */
  toggleReplay() {
    const wasReplaying = this.#isReplaying;
    this.halt();
    if (wasReplaying) return;
    this.#isLive = false;
    this.#setReplaying(true);
    if (this.#isAtNewest) this.#show(0);
    this.#after(REPLAY_MS, () => this.#replayNext());
  }

  /**
   * Show the newest frame at or before a step. Beyond what has arrived, the run is followed.
   *
   * @param {number} step
   */
  scrubTo(step) {
    const { newest } = this.#frames;
    if (!newest) return;
    this.halt();
    const index = this.#frames.indexAtStep(step);
    this.#isLive = index === this.#frames.count - 1;
    this.#show(index, Math.min(step, newest.step));
  }

  /** Show the same frame once more: the view or the picked glyph has changed. */
  showAgain() {
    if (this.#index >= 0) this.#show(this.#index, this.#position);
  }

  /** End following or replay until the next call. */
  halt() {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#setReplaying(false);
  }

  get #isAtNewest() {
    return this.#index >= this.#frames.count - 1;
  }

  #replayNext() {
    if (this.#isAtNewest) return this.#catchUp();
    this.#show(this.#index + 1);
    this.#after(REPLAY_MS, () => this.#replayNext());
  }

  /** A replay that has come to the newest frame of a run follows it from there on. */
  #catchUp() {
    this.halt();
    this.#isLive = true;
    this.follow();
  }

  /**
   * @param {number} index
   * @param {number} [position] of the scrubber; the frame's step if not given
   */
  #show(index, position) {
    const frame = this.#frames.at(index);
    if (!frame) return;
    this.#index = index;
    this.#position = position ?? frame.step;
    this.#onShow(frame, this.#position);
  }

  /**
   * @param {number} milliseconds
   * @param {() => void} action
   */
  #after(milliseconds, action) {
    this.#cancelTimer = this.#clock.after(milliseconds, () => {
      this.#cancelTimer = null;
      action();
    });
  }

  /** @param {boolean} isReplaying */
  #setReplaying(isReplaying) {
    if (isReplaying === this.#isReplaying) return;
    this.#isReplaying = isReplaying;
    this.#onReplay(isReplaying);
  }
}
