/**
 * The frame player: plays the frames of a run as they arrive; they stay for scrubbing, replay and download.
 *
 * This module wires the parts together. Each of them owns its state: `run_frames` the frames of the run, `transport`
 * which of them is shown, `screen` the picture on the canvas, `pick` which glyph is picked, `keep` what is offered to
 * keep, `page_events` what the page was told.
 */

import { canvasLabel, doneCaption, frameCaption, stoppedCaption, whereCaption } from "./captions.js";
import { GlyphCanvas } from "./canvas.js";
import { fetchExample } from "./example.js";
import { KeepRow } from "./keep.js";
import { PageEvents } from "./page_events.js";
import { part } from "./parts.js";
import { Picker } from "./pick.js";
import { Pictures } from "./pictures.js";
import { RunFrames } from "./run_frames.js";
import { Screen } from "./screen.js";
import { Transport } from "./transport.js";

/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("../protocol.d.ts").FramePlayerProps} FramePlayerProps */
/** @typedef {import("../protocol.d.ts").GlyphPicked} GlyphPicked */
/** @typedef {import("./pictures.js").View} View */

/**
 * @typedef {object} Gradio what Gradio hands to a component
 * @property {HTMLElement} element
 * @property {FramePlayerProps} props
 * @property {(name: string, callback: () => void) => void} watch
 * @property {(name: string, data?: GlyphPicked) => void} trigger
 */

/**
 * Bring the player in an element to life.
 *
 * @param {Gradio} gradio
 */
export function mount({ element, props, watch, trigger }) {
  const player = new FramePlayer(element, props, trigger);
  watch("value", () => player.update(props.value));
  player.update(props.value);
  return player;
}

class FramePlayer {
  #life = new AbortController();
  #isMotionReduced = window.matchMedia("(prefers-reduced-motion: reduce)");
  #frames = new RunFrames();
  #pictures = new Pictures();
  #root;
  #props;
  #events;
  #view;
  #parts;
  #canvas;
  #screen;
  #transport;
  #picker;
  #keepRow;

  /**
   * @param {HTMLElement} element
   * @param {FramePlayerProps} props
   * @param {Gradio["trigger"]} trigger
   */
  constructor(element, props, trigger) {
    const { signal } = this.#life;
    const root = /** @type {HTMLElement} */ (element.querySelector(".glyff-player"));
    this.#root = root;
    this.#props = props;
    this.#view = props.view;
    this.#events = new PageEvents(props, trigger);
    this.#parts = findParts(root);
    const { canvas, names } = this.#parts;
    this.#canvas = new GlyphCanvas(canvas, names);
    this.#screen = new Screen({
      canvas: this.#canvas,
      pictures: this.#pictures,
      onShown: (frame, view, hasPicture) => this.#describe(frame, view, hasPicture),
    });
    this.#transport = new Transport({
      frames: this.#frames,
      onShow: (frame, position) => this.#show(frame, position),
      onReplay: (isReplaying) => (this.#parts.play.textContent = isReplaying ? props.text.pause : props.text.play),
    });
    this.#picker = new Picker({
      canvas,
      names,
      getGrid: () => this.#frames.first,
      onPick: () => this.#onPick(),
      signal,
    });
    this.#keepRow = new KeepRow({
      root,
      props,
      announce: (sentence) => this.#announce(sentence),
      getRun: () => ({ frames: this.#frames.all(), view: this.#view }),
      onHandOver: () => this.#handOver(),
      signal,
    });
    this.#listen(signal);
    this.#showIdleNoise();
    this.#awaitExample(signal);
  }

  /**
   * Take a message.
   *
   * @param {FramePlayerProps["value"]} message the player's own paths are passed over
   */
  update(message) {
    if (!message || "kind" in message || this.#life.signal.aborted) return;
    if (message.state === "stopped") return this.#stop();
    const arrival = this.#frames.add(message);
    if (arrival === "late") return;
    if (arrival === "begun") this.#begin(message);
    this.#root.dataset.frames = String(this.#frames.count);
    if (message.state === "done") this.#finish(message);
    this.#transport.follow();
    this.#events.tellPath(this.#frames.all(), this.#picker.picked);
  }

  /** Size of the decoded pictures that are kept. */
  get decodedBytes() {
    return this.#pictures.bytes;
  }

  /** Let go of everything: nothing of the player runs afterwards. */
  destroy() {
    this.#life.abort();
    this.#transport.halt();
    this.#screen.destroy();
  }

  // --- a run

  /** @param {FrameMessage} frame the first one that has arrived */
  #begin(frame) {
    this.#reset(frame);
    this.#announce(this.#props.text.began);
    // on a phone the canvas lies below the prompt
    this.#root.scrollIntoView({ block: "nearest", behavior: this.#isMotionReduced.matches ? "auto" : "smooth" });
  }

  /**
   * Another run takes the place of the one before.
   *
   * @param {FrameMessage} first frame of it
   */
  #reset(first) {
    const { play, scrubber } = this.#parts;
    this.#transport.reset();
    this.#picker.reset();
    this.#screen.reset();
    this.#root.dataset.run = first.run;
    this.#root.dataset.state = this.#frames.state;
    this.#root.dataset.step = "";
    this.#canvas.writeNames(first);
    scrubber.max = String(first.num_steps);
    scrubber.disabled = play.disabled = false;
    this.#offer();
  }

  /** @param {FrameMessage} last frame of the run */
  #finish(last) {
    this.#root.dataset.state = this.#frames.state;
    this.#announce(doneCaption(this.#props.text, last));
    this.#offer();
  }

  #stop() {
    const { newest } = this.#frames;
    if (!this.#frames.stop() || !newest) return;
    this.#root.dataset.state = this.#frames.state;
    this.#announce(stoppedCaption(this.#props.text, newest));
    this.#transport.showAgain();
  }

  // --- before the first run

  #showIdleNoise() {
    const { canvas, caption } = this.#parts;
    this.#canvas.paintNoise();
    caption.textContent = this.#props.idle;
    canvas.setAttribute("aria-label", this.#props.idle);
  }

  /**
   * Play the example run when it comes into view, unless the address brings a run of its own.
   *
   * @param {AbortSignal} signal
   */
  async #awaitExample(signal) {
    const url = this.#props.example_url;
    if (!url || new URLSearchParams(location.search).has("prompt")) return;
    const frames = await fetchExample(this.#parts.canvas, url, signal);
    if (!frames || signal.aborted || this.#frames.state !== "idle") return;
    this.#frames.loadExample(frames);
    this.#reset(frames[0]);
    this.#root.dataset.frames = String(frames.length);
    this.#transport.present(this.#isMotionReduced.matches);
  }

  // --- what is shown

  /**
   * @param {FrameMessage} frame
   * @param {number} position of the scrubber
   */
  #show(frame, position) {
    this.#parts.scrubber.value = String(position);
    this.#screen.show(frame, this.#view, this.#picker.picked);
  }

  /**
   * @param {FrameMessage} frame
   * @param {View} view
   * @param {boolean} hasPicture
   */
  #describe(frame, view, hasPicture) {
    const { text, can_hand_over: canHandOver } = this.#props;
    const { canvas, caption, scrubber } = this.#parts;
    const { state, newest } = this.#frames;
    this.#root.dataset.step = String(frame.step);
    const isNewest = frame === newest;
    caption.textContent = frameCaption(text, { frame, view, state, isNewest, hasPicture, canHandOver });
    scrubber.setAttribute("aria-valuetext", whereCaption(text, frame));
    canvas.setAttribute("aria-label", canvasLabel(text, frame, state));
  }

  /**
   * Tell what is heard but not seen.
   *
   * @param {string} sentence
   */
  #announce(sentence) {
    this.#parts.status.textContent = sentence;
  }

  // --- what the visitor does

  /** @param {AbortSignal} signal */
  #listen(signal) {
    const { play, scrubber, radios } = this.#parts;
    const group = `view-${Math.random().toString(36).slice(2)}`; // several players may stand on a page
    for (const radio of radios) {
      radio.name = group;
      radio.checked = radio.value === this.#view;
      radio.addEventListener("change", () => this.#switchView(radio.value), { signal });
    }
    play.addEventListener("click", () => this.#transport.toggleReplay(), { signal });
    scrubber.addEventListener("input", () => this.#transport.scrubTo(Number(scrubber.value)), { signal });
  }

  /** @param {string} view */
  #switchView(view) {
    this.#view = view === "pred_x_0" ? view : "x_t";
    this.#transport.showAgain();
  }

  #onPick() {
    this.#offer();
    this.#transport.showAgain();
    this.#events.tellPath(this.#frames.all(), this.#picker.picked);
  }

  #offer() {
    const { newest } = this.#frames;
    if (!newest) return;
    this.#keepRow.offer(newest, this.#picker.picked);
    this.#events.tellPick(newest, this.#picker.picked);
  }

  #handOver() {
    const { picked } = this.#picker;
    if (picked !== null) this.#events.handOver(this.#frames.run, picked);
  }
}

/** @param {HTMLElement} root */
function findParts(root) {
  return {
    canvas: part(root, "canvas", HTMLCanvasElement),
    names: part(root, "names", HTMLElement),
    caption: part(root, "caption", HTMLElement),
    play: part(root, "play", HTMLButtonElement),
    scrubber: part(root, "scrubber", HTMLInputElement),
    status: part(root, "status", HTMLElement),
    radios: Array.from(part(root, "views", HTMLElement).querySelectorAll("input")),
  };
}
