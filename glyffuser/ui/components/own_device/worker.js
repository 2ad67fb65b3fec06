/**
 * Module worker that holds the network, so that the page stays responsive while it computes.
 *
 * It takes `ToWorker` messages and posts `FromWorker` messages; at most one run goes on at a time.
 */

import { Conditioning } from "./conditioning.js";
import { guided } from "./guidance.js";
import { frameMessages } from "./messages.js";
import { Network } from "./network.js";
import { GLYPH_PIXELS } from "./pictures.js";
import { batchNoise, sample } from "./sampler.js";
import { alphasCumprod, spacedTimesteps } from "./schedule.js";
import { TorchGenerator } from "./torch_random.js";

/** @typedef {import("../protocol.d.ts").DeviceFiles} DeviceFiles */
/** @typedef {import("../protocol.d.ts").DeviceRun} DeviceRun */
/** @typedef {import("../protocol.d.ts").NoiseSchedule} NoiseSchedule */
/** @typedef {import("./backend.js").Backend} Backend */
/** @typedef {import("./messages.js").SentFrame} SentFrame */

/**
 * @typedef {{ kind: "load", files: Record<string, DeviceFiles>, network: string, backend: Backend, base: string }
 *   | { kind: "run", run: DeviceRun, schedule: NoiseSchedule }
 *   | { kind: "time", run: DeviceRun, rows: number, calls: number }
 *   | { kind: "stop" }} ToWorker
 */

/**
 * @typedef {{ kind: "progress", share: number }
 *   | { kind: "ready" }
 *   | { kind: "frame", run: string, frame: SentFrame, rows: number, seconds: number }
 *   | { kind: "timed", seconds: number[] }
 *   | { kind: "failed", error: string }} FromWorker
 */

/** @param {FromWorker} message */
const post = (message) => postMessage(message);

class DeviceWorker {
  /** @type {Promise<Network> | null} */
  #network = null;
  #stop = new AbortController();
  /** The run that goes on: a session takes one call at a time. @type {Promise<void>} */
  #running = Promise.resolve();

  /** @param {ToWorker} message */
  async take(message) {
    if (message.kind === "load") await this.#load(message);
    if (message.kind === "run") await this.#run(message);
    if (message.kind === "time") await this.#time(message);
    if (message.kind === "stop") this.#stop.abort();
  }

  /** @param {ToWorker & { kind: "load" }} message */
  async #load({ files, network, backend, base }) {
    this.#network = Network.load(files, network, backend, base, (share) => post({ kind: "progress", share }));
    await this.#network;
    post({ kind: "ready" });
  }

  /**
   * Draw once the run before has ended.
   *
   * @param {ToWorker & { kind: "run" }} message
   */
  async #run(message) {
    this.#stop.abort();
    const { signal } = (this.#stop = new AbortController());
    const before = this.#running.catch(() => {}); // its error has been posted
    this.#running = before.then(() => this.#draw(message, signal));
    await this.#running;
  }

  /**
   * @param {ToWorker & { kind: "run" }} message
   * @param {AbortSignal} signal
   */
  async #draw({ run, schedule }, signal) {
    const network = await this.#loaded();
    const { config, seeds } = run;
    const began = performance.now();
    let rows = 0;
    const model = network.model(new Conditioning(run), signal);
    const counted = (/** @type {Parameters<typeof model>} */ ...call) => {
      rows += call[2].length * seeds.length;
      return model(...call);
    };
    const generators = seeds.map((seed) => new TorchGenerator(seed));
    const x_t = batchNoise(generators, GLYPH_PIXELS);
    const timesteps = spacedTimesteps(config.num_inference_steps, config.spacing, schedule.num_train_timesteps);
    const frames = sample({
      predict: guided(counted, config, Boolean(run.label)),
      x_t,
      sampler: config.sampler,
      timesteps,
      alphasCumprod: alphasCumprod(schedule),
      predictionType: schedule.prediction_type,
      generators,
      signal,
    });
    for await (const frame of frameMessages(run, x_t, timesteps, frames)) {
      if (signal.aborted) return;
      post({ kind: "frame", run: run.run, frame, rows, seconds: (performance.now() - began) / 1000 });
    }
  }

  /**
   * Seconds of calls of the network, for the benchmark.
   *
   * @param {ToWorker & { kind: "time" }} message
   */
  async #time({ run, rows, calls }) {
    const network = await this.#loaded();
    const conditioning = new Conditioning(run);
    const asks = Array.from({ length: rows }, () => ({ isNull: false, isPerturbed: false }));
    const x_t = new TorchGenerator(0).randn(rows * GLYPH_PIXELS);
    const seconds = [];
    for (let i = 0; i < calls; i++) {
      const began = performance.now();
      await network.call(x_t, conditioning.inputs(asks, 519));
      seconds.push((performance.now() - began) / 1000);
    }
    post({ kind: "timed", seconds });
  }

  async #loaded() {
    if (!this.#network) throw new Error("nothing has been loaded");
    return this.#network;
  }
}

const worker = new DeviceWorker();

addEventListener("message", ({ data }) => {
  worker.take(data).catch((error) => post({ kind: "failed", error: String(error?.stack || error) }));
});
