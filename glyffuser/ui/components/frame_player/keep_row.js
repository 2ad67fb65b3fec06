import { makeAnimation } from "./animation.js";
import { pickedCaption } from "./captions.js";
import { findKeepParts } from "./parts.js";
import { RunLink } from "./run_link.js";

/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("../protocol.d.ts").FramePlayerProps} FramePlayerProps */
/** @typedef {import("./pictures.js").View} View */

/** How long the address of a file stays valid after the click; the browser reads the file later. */
const URL_LIFETIME_MS = 60_000;

/** The row below the player: PNGs, animation and link of a finished run, and the button that hands a glyph over. */
export class KeepRow {
  #props;
  #announce;
  #getRun;
  #signal;
  #parts;
  #link;
  #isAnimating = false;

  /**
   * @param {object} options
   * @param {Element} options.root
   * @param {FramePlayerProps} options.props
   * @param {(sentence: string) => void} options.announce
   * @param {() => { frames: FrameMessage[], view: View }} options.getRun what an animation shows
   * @param {() => void} options.onHandOver
   * @param {AbortSignal} options.signal ends the listening
   */
  constructor({ root, props, announce, getRun, onHandOver, signal }) {
    this.#props = props;
    this.#announce = announce;
    this.#getRun = getRun;
    this.#signal = signal;
    this.#parts = findKeepParts(root);
    this.#link = new RunLink({ parts: this.#parts, text: props.text, announce, signal });
    this.#parts.animation.addEventListener("click", () => this.#saveAnimation(), { signal });
    this.#parts.handOver.addEventListener("click", onHandOver, { signal });
  }

  /**
   * @param {FrameMessage} newest frame of the run
   * @param {number | null} picked
   */
  offer(newest, picked) {
    const { download, downloadOne, animation, handOver, picked: name } = this.#parts;
    const { text, can_hand_over: canHandOver } = this.#props;
    const isDone = Boolean(newest.downloads);
    offerPng(download, newest, isDone ? 0 : null);
    offerPng(downloadOne, newest, isDone && picked !== null ? picked + 1 : null);
    animation.hidden = !isDone;
    if (!this.#isAnimating) animation.textContent = text.animation;
    this.#link.offer(newest.query);
    handOver.hidden = !canHandOver || downloadOne.hidden;
    name.textContent = pickedCaption(text, newest, picked);
  }

  async #saveAnimation() {
    if (this.#isAnimating) return;
    const { animation } = this.#parts;
    const { text, gifenc_url: gifencUrl } = this.#props;
    const { frames, view } = this.#getRun();
    this.#isAnimating = true;
    animation.textContent = text.animation_busy;
    this.#announce(text.animation_busy);
    const gif = await makeAnimation(frames, view, gifencUrl, this.#signal).catch(() => null);
    this.#isAnimating = false;
    if (this.#signal.aborted) return;
    if (gif) this.#save(gif, frames[frames.length - 1]);
    animation.textContent = gif ? text.animation : text.animation_failed;
    this.#announce(gif ? text.animation_done : text.animation_failed);
  }

  /**
   * @param {Blob} gif
   * @param {FrameMessage} last frame of the run
   */
  #save(gif, last) {
    const link = document.createElement("a");
    link.download = (last.download_names ?? [""])[0].replace(/png$/, "gif");
    link.href = URL.createObjectURL(gif);
    link.click();
    const revoke = () => URL.revokeObjectURL(link.href);
    const timer = setTimeout(revoke, URL_LIFETIME_MS);
    this.#signal.addEventListener("abort", () => {
      clearTimeout(timer);
      revoke();
    });
  }
}

/**
 * @param {HTMLAnchorElement} link
 * @param {FrameMessage} frame
 * @param {number | null} index in the frame's downloads
 */
function offerPng(link, { downloads, download_names: names }, index) {
  link.hidden = index === null;
  if (index === null || !downloads || !names) return link.removeAttribute("href");
  link.href = downloads[index];
  link.download = names[index];
}
