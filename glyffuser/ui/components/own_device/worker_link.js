/** @typedef {import("../protocol.d.ts").DeviceFiles} DeviceFiles */
/** @typedef {import("../protocol.d.ts").DeviceRun} DeviceRun */
/** @typedef {import("../protocol.d.ts").NoiseSchedule} NoiseSchedule */
/** @typedef {import("./backend.js").Backend} Backend */
/** @typedef {import("./worker.js").FromWorker} FromWorker */
/** @typedef {import("./worker.js").ToWorker} ToWorker */
/** @typedef {FromWorker & { kind: "frame" }} FrameFromWorker */

/** The page's side of the worker. */
export class WorkerLink {
  #worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  #onProgress;
  /** @type {{ resolve: () => void, reject: (error: Error) => void } | null} */
  #whenReady = null;
  /** @type {Mailbox | null} */
  #mailbox = null;
  /** Resolved once the network is loaded. */
  ready = new Promise((resolve, reject) => (this.#whenReady = { resolve: () => resolve(null), reject }));

  /**
   * @param {Record<string, DeviceFiles>} files of each network
   * @param {string} network its name
   * @param {Backend} backend
   * @param {(share: number) => void} onProgress
   */
  constructor(files, network, backend, onProgress) {
    this.network = network;
    this.#onProgress = onProgress;
    this.ready.catch(() => {}); // whoever awaits it gets the error
    this.#worker.onmessage = ({ data }) => this.#take(data);
    this.#worker.onerror = (event) => this.#take({ kind: "failed", error: event.message || "the worker did not start" });
    this.#post({ kind: "load", files, network, backend, base: document.baseURI });
  }

  /**
   * Start a run; the one before ends.
   *
   * @param {DeviceRun} run
   * @param {NoiseSchedule} schedule
   * @returns {AsyncGenerator<FrameFromWorker, void>}
   */
  async *run(run, schedule) {
    const mailbox = this.#open();
    this.#post({ kind: "run", run, schedule });
    for (;;) {
      const message = await mailbox.next();
      if (message.kind === "closed") return; // stopped
      if (message.kind !== "frame" || message.run !== run.run) continue; // of a run before
      yield message;
      if (message.frame.glyphs) return;
    }
  }

  /**
   * Seconds of calls of the network.
   *
   * @param {DeviceRun} run
   * @param {number} rows
   * @param {number} calls
   */
  async time(run, rows, calls) {
    const mailbox = this.#open();
    this.#post({ kind: "time", run, rows, calls });
    const message = await mailbox.next();
    return message.kind === "timed" ? message.seconds : [];
  }

  /** End the run that is going on. */
  stop() {
    this.#post({ kind: "stop" });
    this.#mailbox?.close();
  }

  terminate() {
    this.#worker.terminate();
    this.#mailbox?.close();
  }

  #open() {
    this.#mailbox?.close();
    return (this.#mailbox = new Mailbox());
  }

  /** @param {ToWorker} message */
  #post(message) {
    this.#worker.postMessage(message);
  }

  /** @param {FromWorker} message */
  #take(message) {
    if (message.kind === "progress") this.#onProgress(message.share);
    else if (message.kind === "ready") this.#whenReady?.resolve();
    else this.#mailbox?.put(message);
    if (message.kind === "failed") this.#whenReady?.reject(new Error(message.error));
  }
}

/** Messages that wait until somebody asks for them. */
class Mailbox {
  /** @type {FromWorker[]} */
  #messages = [];
  /** @type {(() => void) | null} */
  #wake = null;
  #isClosed = false;

  /** @param {FromWorker} message */
  put(message) {
    this.#messages.push(message);
    this.#wake?.();
  }

  close() {
    this.#isClosed = true;
    this.#wake?.();
  }

  /**
   * The next message.
   *
   * @returns {Promise<FromWorker | { kind: "closed" }>}
   * @throws {Error} if the worker failed
   */
  async next() {
    while (!this.#messages.length && !this.#isClosed) await new Promise((resolve) => (this.#wake = () => resolve(null)));
    const message = this.#messages.shift() ?? { kind: /** @type {const} */ ("closed") };
    if (message.kind === "failed") throw new Error(message.error);
    return message;
  }
}
