import { makeAnimation } from "./animation.js";
import { pickedCaption } from "./captions.js";
import { RunLink } from "./link.js";
import { part } from "./parts.js";

/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("../protocol.d.ts").FramePlayerProps} FramePlayerProps */
/** @typedef {import("./pictures.js").View} View */

/** The browser reads the file after the click. */
const KEEP_URL_MS = 60_000;

/** What can be kept of a finished run: PNGs, an animation, a link; and the picked glyph, which can be handed over. */
export class KeepRow {
  #props;
  #announce;
  #getRun;
  #signal;
  #link;
  #download;
  #downloadOne;
  #animation;
  #handOver;
  #picked;
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
    this.#download = part(root, "download", HTMLAnchorElement);
    this.#downloadOne = part(root, "download-one", HTMLAnchorElement);
    this.#animation = part(root, "animation", HTMLButtonElement);
    this.#handOver = part(root, "hand-over", HTMLButtonElement);
    this.#picked = part(root, "picked", HTMLElement);
    const parts = {
      link: part(root, "link", HTMLAnchorElement),
      byHand: part(root, "by-hand", HTMLElement),
      address: part(root, "address", HTMLInputElement),
    };
    this.#link = new RunLink({ parts, text: props.text, announce, signal });
    this.#animation.addEventListener("click", () => this.#saveAnimation(), { signal });
    this.#handOver.addEventListener("click", onHandOver, { signal });
  }

  /**
   * @param {FrameMessage} newest frame of the run
   * @param {number | null} picked
   */
  offer(newest, picked) {
    const isDone = newest.downloads !== undefined;
    offerPng(this.#download, newest, isDone ? 0 : null);
    offerPng(this.#downloadOne, newest, isDone && picked !== null ? picked + 1 : null);
    this.#animation.hidden = !isDone;
    if (!this.#isAnimating) this.#animation.textContent = this.#props.text.animation;
    this.#link.offer(newest.query);
    this.#handOver.hidden = !this.#props.can_hand_over || this.#downloadOne.hidden;
    this.#picked.textContent = pickedCaption(this.#props.text, newest, picked);
  }

  async #saveAnimation() {
    if (this.#isAnimating) return;
    const { text } = this.#props;
    const { frames, view } = this.#getRun();
    this.#isAnimating = true;
    this.#animation.textContent = text.animation_busy;
    this.#announce(text.animation_busy);
    try {
      const gif = await makeAnimation(frames, view, this.#props.gifenc_url);
      if (this.#signal.aborted) return;
      this.#save(gif, frames[frames.length - 1]);
      this.#animation.textContent = text.animation;
      this.#announce(text.animation_done);
    } catch {
      this.#animation.textContent = text.animation_failed;
      this.#announce(text.animation_failed);
    } finally {
      this.#isAnimating = false;
    }
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
    const timer = setTimeout(revoke, KEEP_URL_MS);
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
