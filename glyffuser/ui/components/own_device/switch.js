import { fill } from "../text.js";
import { Downloads } from "./downloads.js";
import { isDeviceSooner, usualSeconds, whereToDraw } from "./estimate.js";
import { filesFor } from "./network.js";
import { Preferences } from "./preferences.js";

/** @typedef {import("../protocol.d.ts").OwnDeviceProps} OwnDeviceProps */
/** @typedef {import("./backend.js").Backend} Backend */
/** @typedef {import("./parts.js").Parts} Parts */
/** @typedef {"device" | "server"} Where */

/** The switch between server and device, with the time that a run takes on the device. */
export class Switch {
  #preferences = Preferences.open();
  #parts;
  #props;
  #onChoose;
  /** @type {Backend | null} */
  #backend = null;
  /** @type {Where} */
  #where = "server";

  /**
   * @param {object} wiring
   * @param {Parts} wiring.parts
   * @param {OwnDeviceProps} wiring.props
   * @param {() => void} wiring.onChoose called when another place is chosen, by the visitor or not
   * @param {AbortSignal} wiring.signal ends all listeners
   */
  constructor({ parts, props, onChoose, signal }) {
    this.#parts = parts;
    this.#props = props;
    this.#onChoose = onChoose;
    const group = `where-${Math.random().toString(36).slice(2)}`;
    for (const radio of parts.radios) {
      radio.name = group;
      radio.addEventListener("change", () => this.#remember(radio.value === "device" ? "device" : "server"), { signal });
    }
  }

  /** Where the next run is drawn. */
  get where() {
    return this.#where;
  }

  /**
   * Show the switch, as the visitor left it.
   *
   * @param {Backend} backend
   */
  show(backend) {
    this.#backend = backend;
    this.#parts.root.hidden = false;
    this.#parts.root.dataset.backend = backend.name;
    this.choose(whereToDraw(this.#preferences.where, backend.isAutomatic, this.#usualSeconds()));
    this.#showEstimate();
  }

  /**
   * Choose for now; the visitor's own choice stays remembered.
   *
   * @param {Where} where
   */
  choose(where) {
    this.#where = where;
    this.#parts.root.dataset.where = where;
    for (const radio of this.#parts.radios) radio.checked = radio.value === where;
    this.#onChoose();
  }

  /**
   * Learn how fast the device is.
   *
   * @param {number} secondsARow
   */
  measured(secondsARow) {
    if (this.#backend) this.#preferences.keepSecondsARow(this.#backend.name, secondsARow);
    this.#showEstimate();
  }

  /**
   * A sentence for somebody who would be served sooner by the device; "" for all others.
   *
   * @param {number} waitSeconds for the server
   */
  async proposal(waitSeconds) {
    const seconds = this.#usualSeconds();
    if (!isDeviceSooner(waitSeconds, seconds, await this.#isKept())) return "";
    return fill(this.#props.text.busy, { wait: rounded(waitSeconds), seconds: rounded(seconds) });
  }

  /** @param {Where} where */
  #remember(where) {
    this.choose(where);
    this.#preferences.where = where;
  }

  async #showEstimate() {
    const { text } = this.#props;
    if (!this.#backend) return;
    const bytes = this.#usualFiles(this.#backend).reduce((sum, { size }) => sum + size, 0);
    const sentence = (await this.#isKept()) ? text.device_estimate : text.device_estimate_first;
    const values = { seconds: rounded(this.#usualSeconds()), megabytes: Math.round(bytes / 1e6) };
    this.#parts.device.textContent = fill(sentence, values);
  }

  /** Whether the network has been fetched before. */
  async #isKept() {
    if (!this.#backend) return false;
    return (await Downloads.open(document.baseURI)).has(this.#usualFiles(this.#backend));
  }

  /** @param {Backend} backend */
  #usualFiles(backend) {
    const files = this.#props.files[this.#props.usual.network];
    return files ? filesFor(files, backend) : [];
  }

  #usualSeconds() {
    return this.#backend ? usualSeconds(this.#props, this.#preferences.secondsARow(this.#backend.name)) : Infinity;
  }
}

/** @param {number} seconds */
function rounded(seconds) {
  return Math.max(1, Math.round(seconds));
}
