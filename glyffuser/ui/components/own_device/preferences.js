/** What a visitor's browser remembers: where runs are drawn, and how fast the device was. */

const WHERE = "glyffuser-where";
const SECONDS_A_ROW = "glyffuser-seconds-a-row";

/** Seconds a row before any was measured: two shared cores, one thread (`make bench-browser`); a laptop's graphics card. */
const GUESSES = { wasm: 0.17, webgpu: 0.02 };

/** @typedef {import("./backend.js").BackendName} BackendName */

/** Kept in the browser's storage where there is one. */
export class Preferences {
  #storage;

  /** @param {Pick<Storage, "getItem" | "setItem"> | null} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** Over the browser's local storage; a browser may refuse it. */
  static open() {
    try {
      return new Preferences(globalThis.localStorage);
    } catch {
      return new Preferences(null);
    }
  }

  /** @returns {"device" | "server" | null} null if the visitor has not chosen */
  get where() {
    const where = this.#storage?.getItem(WHERE);
    return where === "device" || where === "server" ? where : null;
  }

  set where(where) {
    if (where) this.#keep(WHERE, where);
  }

  /** @param {BackendName} backend */
  secondsARow(backend) {
    const measured = Number(this.#storage?.getItem(`${SECONDS_A_ROW}-${backend}`));
    return measured > 0 && Number.isFinite(measured) ? measured : GUESSES[backend];
  }

  /**
   * @param {BackendName} backend
   * @param {number} seconds
   */
  keepSecondsARow(backend, seconds) {
    this.#keep(`${SECONDS_A_ROW}-${backend}`, seconds.toPrecision(3));
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  #keep(key, value) {
    try {
      this.#storage?.setItem(key, value);
    } catch {
      // a full storage: the choice holds until the page is closed
    }
  }
}
