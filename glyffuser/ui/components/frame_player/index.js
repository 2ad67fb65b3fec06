/**
 * The frame player: plays the frames of a run as they arrive and keeps them for scrubbing, replay and download.
 *
 * This module connects the parts, each of which owns its state:
 *
 *     run_frames   frames of the run, and whether it is over
 *     transport    which frame is shown: following, replay, scrubbing
 *     screen       picture on the canvas, decoded by `pictures`, drawn by `canvas`
 *     picker       which glyph is picked
 *     keep_row     downloads, animation, link
 *     page_events  what the page was told
 */

import { bringIntoView } from "../into_view.js";
import { canvasLabel, doneCaption, frameCaption, stoppedCaption, whereCaption } from "./captions.js";
import { GlyphCanvas } from "./canvas.js";
import { fetchExample } from "./example.js";
import { KeepRow } from "./keep_row.js";
import { PageEvents } from "./page_events.js";
import { findParts } from "./parts.js";
import { Picker } from "./picker.js";
import { Pictures } from "./pictures.js";
import { RunFrames } from "./run_frames.js";
import { Screen } from "./screen.js";
import { Transport } from "./transport.js";

/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("../protocol.d.ts").FramePlayerProps} FramePlayerProps */
/** @typedef {import("../protocol.d.ts").GlyphPicked} GlyphPicked */
/** @typedef {import("./pictures.js").View} View */

/**
 * @typedef {object} Gradio what Gradio passes to a component
 * @property {HTMLElement} element holds the filled template
 * @property {FramePlayerProps} props
 * @property {(name: string, callback: () => void) => void} watch
 * @property {(name: string, data?: GlyphPicked) => void} trigger
 */

/**
 * Start the player in an element.
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
  /** Aborted when the player is destroyed; every listener and request ends with it. */
  #life = new AbortController();
  #isMotionReduced = window.matchMedia("(prefers-reduced-motion: reduce)");
  #frames = new RunFrames();
  #isExampleAwaited = false;
  #pictures = new Pictures();
  #props;
  #parts;
  #view;
  #events;
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
    this.#props = props;
    this.#parts = findParts(element);
    this.#view = props.view;
    this.#events = new PageEvents(props, trigger);
    this.#canvas = new GlyphCanvas(this.#parts.canvas, this.#parts.names);
    this.#screen = new Screen({
      canvas: this.#canvas,
      pictures: this.#pictures,
      onShown: (frame, view, hasPicture) => this.#describe(frame, view, hasPicture),
    });
    this.#transport = this.#makeTransport();
    this.#picker = this.#makePicker();
    this.#keepRow = this.#makeKeepRow();
    this.#listen();
    this.#showIdleNoise();
    this.#awaitExample();
  }

  /**
   * Take a message. Paths are the player's own and are ignored.
   *
   * @param {FramePlayerProps["value"]} message
   */
  update(message) {
    if (!message || "kind" in message || this.#life.signal.aborted) return;
    if (message.state === "stopped") this.#stop();
    else if (message.state === "waiting") this.#wait(message.sentence);
    else this.#receive(message);
  }

  /** Size of the decoded pictures that are kept. */
  get decodedBytes() {
    return this.#pictures.bytes;
  }

  /** Remove every listener, observer, timer and object URL. */
  destroy() {
    this.#life.abort();
    this.#transport.halt();
    this.#screen.destroy();
  }

  // --- a run

  /** @param {FrameMessage} frame */
  #receive(frame) {
    const arrival = this.#frames.add(frame);
    if (arrival === "late") return;
    if (arrival === "begun") this.#begin(frame);
    this.#parts.root.dataset.frames = String(this.#frames.count);
    if (frame.state === "done") this.#finish(frame);
    this.#transport.follow();
    this.#tellPath();
  }

  /** @param {FrameMessage} first frame of the run that has arrived */
  #begin(first) {
    this.#reset(first);
    this.#announce(this.#props.text.began);
    bringIntoView(this.#parts.stage);
  }

  /**
   * Replace the run before by another one.
   *
   * @param {FrameMessage} first frame of the other run
   */
  #reset(first) {
    const { root, play, scrubber } = this.#parts;
    this.#showWaiting("");
    this.#transport.reset();
    this.#picker.reset();
    this.#screen.reset();
    root.dataset.run = first.run;
    root.dataset.state = this.#frames.state;
    root.dataset.step = "";
    this.#canvas.writeNames(first);
    scrubber.max = String(first.num_steps);
    scrubber.disabled = play.disabled = false;
    this.#offer();
  }

  /** @param {FrameMessage} last frame of the run */
  #finish(last) {
    this.#parts.root.dataset.state = this.#frames.state;
    this.#announce(doneCaption(this.#props.text, last));
    this.#offer();
  }

  #stop() {
    const { newest } = this.#frames;
    if (!this.#frames.stop() || !newest) return;
    this.#parts.root.dataset.state = this.#frames.state;
    this.#announce(stoppedCaption(this.#props.text, newest));
    this.#transport.showAgain();
  }

  // --- while the visitor's run waits

  /**
   * Say how long; meanwhile the example plays again, if there is nothing else to see.
   *
   * @param {string} sentence "" once it waits no longer
   */
  #wait(sentence) {
    const begins = sentence !== "" && this.#parts.waiting.hidden;
    this.#showWaiting(sentence);
    if (begins) bringIntoView(this.#parts.waiting);
    if (!sentence) return;
    if (this.#frames.state === "idle") this.#loadExample();
    else if (this.#frames.state === "example" && !this.#isMotionReduced.matches) this.#transport.playAgain();
  }

  /** @param {string} sentence */
  #showWaiting(sentence) {
    this.#parts.waiting.textContent = sentence;
    this.#parts.waiting.hidden = !sentence;
  }

  // --- before the first run

  #showIdleNoise() {
    this.#canvas.paintNoise();
    this.#parts.caption.textContent = this.#props.idle;
    this.#parts.canvas.setAttribute("aria-label", this.#props.idle);
  }

  /** Play the example run, unless the address of the page brings a run. */
  #awaitExample() {
    if (!new URLSearchParams(location.search).has("prompt")) this.#loadExample();
  }

  /** Play the example run once it is in view, unless a run has begun. */
  async #loadExample() {
    const { signal } = this.#life;
    const url = this.#props.example_url;
    if (!url || this.#isExampleAwaited) return;
    this.#isExampleAwaited = true;
    const frames = await fetchExample(this.#parts.canvas, url, signal);
    if (!frames || signal.aborted || this.#frames.state !== "idle") return;
    const waiting = this.#parts.waiting.textContent ?? "";
    this.#frames.loadExample(frames);
    this.#reset(frames[0]);
    this.#showWaiting(waiting);
    this.#parts.root.dataset.frames = String(frames.length);
    this.#transport.present(this.#isMotionReduced.matches);
  }

  // --- what is shown

  #makeTransport() {
    const { text } = this.#props;
    return new Transport({
      frames: this.#frames,
      onShow: (frame, position) => {
        this.#parts.scrubber.value = String(position);
        this.#screen.show(frame, this.#view, this.#picker.picked);
      },
      onReplay: (isReplaying) => (this.#parts.play.textContent = isReplaying ? text.pause : text.play),
    });
  }

  /**
   * @param {FrameMessage} frame
   * @param {View} view
   * @param {boolean} hasPicture
   */
  #describe(frame, view, hasPicture) {
    const { text, can_hand_over: canHandOver } = this.#props;
    const { root, canvas, caption, scrubber } = this.#parts;
    const { state, newest } = this.#frames;
    const isNewest = frame === newest;
    root.dataset.step = String(frame.step);
    caption.textContent = frameCaption(text, { frame, view, state, isNewest, hasPicture, canHandOver });
    scrubber.setAttribute("aria-valuetext", whereCaption(text, frame));
    canvas.setAttribute("aria-label", canvasLabel(text, frame, state));
  }

  /**
   * Say something to a screen reader.
   *
   * @param {string} sentence
   */
  #announce(sentence) {
    this.#parts.status.textContent = sentence;
  }

  // --- what the visitor does

  #listen() {
    const { signal } = this.#life;
    const { play, scrubber, radios } = this.#parts;
    const group = `view-${Math.random().toString(36).slice(2)}`; // there may be several players on a page
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

  #makePicker() {
    return new Picker({
      canvas: this.#parts.canvas,
      names: this.#parts.names,
      getGrid: () => this.#frames.first,
      onPick: () => {
        this.#offer();
        this.#transport.showAgain();
        this.#tellPath();
      },
      signal: this.#life.signal,
    });
  }

  #makeKeepRow() {
    return new KeepRow({
      root: this.#parts.root,
      props: this.#props,
      announce: (sentence) => this.#announce(sentence),
      getRun: () => ({ frames: this.#frames.all(), view: this.#view }),
      onHandOver: () => this.#events.handOver(this.#frames.run, this.#picker.picked),
      signal: this.#life.signal,
    });
  }

  #offer() {
    const { newest } = this.#frames;
    if (!newest) return;
    this.#keepRow.offer(newest, this.#picker.picked);
    this.#events.tellPick(newest, this.#picker.picked);
  }

  #tellPath() {
    this.#events.tellPath(this.#frames.all(), this.#picker.picked);
  }
}
