/**
 * Runs on the visitor's own device: connects the switch, the worker that holds the network, and the page.
 *
 * The page puts an order into the component's value; frames, a beginning and a failure go back as Gradio events.
 */

import { fill } from "../text.js";
import { chooseBackend, lookAround } from "./backend.js";
import { Predictions, withFindings } from "./device_run.js";
import { findParts } from "./parts.js";
import { RefusedError, Server } from "./server.js";
import { Switch } from "./switch.js";
import { WorkerLink } from "./worker_link.js";

/** @typedef {import("../protocol.d.ts").DeviceOrder} DeviceOrder */
/** @typedef {import("../protocol.d.ts").DeviceRun} DeviceRun */
/** @typedef {import("../protocol.d.ts").DeviceValue} DeviceValue */
/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("../protocol.d.ts").OwnDeviceProps} OwnDeviceProps */
/** @typedef {import("./backend.js").Backend} Backend */

/**
 * @typedef {object} Gradio what Gradio passes to a component
 * @property {HTMLElement} element holds the filled template
 * @property {OwnDeviceProps} props
 * @property {(name: string, callback: () => void) => void} watch
 * @property {(name: string) => void} trigger
 */

/** @typedef {"idle" | "fetching" | "drawing" | "done" | "stopped" | "failed"} DeviceState */

/**
 * Start the component in an element.
 *
 * @param {Gradio} gradio
 */
export function mount({ element, props, watch, trigger }) {
  const device = new OwnDevice(element, props, trigger);
  watch("value", () => device.update(props.value));
  return device;
}

class OwnDevice {
  /** Aborted when the component is destroyed. */
  #life = new AbortController();
  #props;
  #trigger;
  #parts;
  #switch;
  #server;
  /** @type {Backend | null} */
  #backend = null;
  /** @type {WorkerLink | null} */
  #worker = null;
  /** @type {DeviceOrder | null} */
  #order = null;

  /**
   * @param {HTMLElement} element
   * @param {OwnDeviceProps} props
   * @param {Gradio["trigger"]} trigger
   */
  constructor(element, props, trigger) {
    this.#props = props;
    this.#trigger = trigger;
    this.#parts = findParts(element);
    this.#server = new Server(document.baseURI, props);
    const { signal } = this.#life;
    this.#switch = new Switch({ parts: this.#parts, props, onChoose: () => this.#setValue(null), signal });
    this.#parts.propose.addEventListener("click", () => this.#accept(), { signal });
    this.#offer();
  }

  /**
   * Carry out the page's newest order; values that the component set itself hold no new one.
   *
   * @param {OwnDeviceProps["value"]} value
   */
  update(value) {
    const order = value?.order;
    if (!order || order.id === this.#order?.id || this.#life.signal.aborted) return;
    this.#order = order;
    this.#parts.propose.hidden = true;
    if (order.kind === "start") this.#start(order);
    else this.#stop();
    if (order.kind === "server") this.#leaveToServer(order);
  }

  /**
   * Seconds of calls of the network, for the benchmark.
   *
   * @param {DeviceOrder["fields"]} fields
   * @param {number} rows of each call
   * @param {number} calls
   */
  async time(fields, rows, calls) {
    const run = await this.#server.begin(fields);
    return (await this.#loaded(run.config.network)).time(run, rows, calls);
  }

  /** Stop the worker, and remove every listener. */
  destroy() {
    this.#life.abort();
    this.#worker?.terminate();
  }

  async #offer() {
    const backend = chooseBackend(await lookAround());
    if (!backend || this.#life.signal.aborted) return;
    this.#backend = backend;
    this.#switch.show(backend);
  }

  // --- while the server is busy

  /**
   * Propose the device if it is sooner ready than the server.
   *
   * @param {DeviceOrder} order
   */
  async #leaveToServer(order) {
    this.#show("idle", "");
    const sentence = this.#backend && (await this.#switch.proposal(await this.#server.waitSeconds()));
    if (!sentence || this.#order !== order) return;
    this.#show("idle", sentence);
    this.#parts.propose.hidden = false;
  }

  #accept() {
    this.#parts.propose.hidden = true;
    this.#switch.choose("device");
    this.#trigger("submit");
  }

  // --- a run

  /** @param {DeviceOrder} order */
  async #start(order) {
    const isCurrent = () => this.#order === order && !this.#life.signal.aborted;
    const began = performance.now();
    this.#worker?.stop();
    this.#show("fetching", "");
    try {
      const [run, worker] = await Promise.all([this.#server.begin(order.fields), this.#loaded(networkIn(order))]);
      if (!isCurrent()) return;
      const startSeconds = (performance.now() - began) / 1000;
      this.#show("drawing", this.#props.text.drawing);
      await this.#draw(run, worker, isCurrent, startSeconds);
    } catch (error) {
      if (isCurrent()) this.#fail(error);
    }
  }

  /**
   * @param {DeviceRun} run
   * @param {WorkerLink} worker
   * @param {() => boolean} isCurrent
   * @param {number} startSeconds
   */
  async #draw(run, worker, isCurrent, startSeconds) {
    const predictions = new Predictions();
    for await (const { frame, rows, seconds } of worker.run(run, this.#props.schedule)) {
      if (!isCurrent()) return;
      predictions.add(frame);
      if (frame.glyphs) {
        const message = await this.#finished(run.run, frame.message, frame.glyphs, predictions);
        if (!isCurrent()) return;
        this.#tell("input", message);
        this.#showDone(seconds, startSeconds, rows);
      } else {
        if (frame.message.step === 0) this.#tell("click", frame.message);
        this.#tell("input", frame.message);
      }
    }
  }

  /**
   * The last message, with what the server knows of its glyphs if it can be reached.
   *
   * @param {string} run
   * @param {FrameMessage} message
   * @param {Uint8Array} glyphs
   * @param {Predictions} predictions
   */
  async #finished(run, message, glyphs, predictions) {
    const chosen = predictions.chosen();
    const pictures = chosen.map(({ small }) => small);
    try {
      const findings = await this.#server.finish(run, glyphs, pictures);
      return withFindings(message, findings, chosen.map(({ step }) => step));
    } catch {
      return message; // the glyphs are there, only what the data say of them is not
    }
  }

  #stop() {
    this.#worker?.stop();
    if (!["fetching", "drawing"].includes(this.#parts.root.dataset.state ?? "")) return;
    this.#show("stopped", "");
    this.#tell("input", { state: "stopped" });
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#tell("input", { state: "stopped" });
    if (error instanceof RefusedError) return this.#show("failed", error.message);
    console.warn(error);
    this.#worker?.terminate();
    this.#worker = null;
    this.#switch.choose("server");
    this.#show("failed", this.#props.text.failed);
    this.#trigger("select");
  }

  /**
   * A worker that has loaded a network; one network at a time, for the sake of small memories.
   *
   * @param {string} network its name
   */
  async #loaded(network) {
    if (!this.#backend) throw new Error("the network cannot run here");
    if (this.#worker?.network !== network) {
      this.#worker?.terminate();
      this.#worker = new WorkerLink(this.#props.files, network, this.#backend, (share) => this.#showProgress(share));
    }
    await this.#worker.ready;
    this.#parts.progress.hidden = true;
    return this.#worker;
  }

  // --- what is shown and told

  /**
   * @param {string} event
   * @param {NonNullable<DeviceValue["message"]>} message
   */
  #tell(event, message) {
    this.#setValue(message);
    this.#trigger(event);
  }

  /** @param {DeviceValue["message"]} message */
  #setValue(message) {
    this.#props.value = { where: this.#switch.where, order: this.#order, message };
  }

  /**
   * @param {DeviceState} state
   * @param {string} sentence
   */
  #show(state, sentence) {
    this.#parts.root.dataset.state = state;
    this.#parts.status.textContent = sentence;
    if (state !== "fetching") this.#parts.progress.hidden = true;
  }

  /** @param {number} share */
  #showProgress(share) {
    const { progress, root, status } = this.#parts;
    if (root.dataset.state !== "fetching") return;
    progress.hidden = share >= 1;
    progress.value = share;
    status.textContent = share < 1 ? this.#props.text.fetching : this.#props.text.preparing;
  }

  /**
   * @param {number} seconds
   * @param {number} startSeconds
   * @param {number} rows
   */
  #showDone(seconds, startSeconds, rows) {
    const values = { seconds: seconds.toFixed(1), start: startSeconds.toFixed(1) };
    this.#show("done", fill(this.#props.text.done, values));
    this.#switch.measured(seconds / rows);
  }
}

/**
 * Name of the network that an order asks for: the third of the fields, after prompt and number of glyphs.
 *
 * @param {DeviceOrder} order
 */
function networkIn({ fields: [, , network] }) {
  return String(network);
}
