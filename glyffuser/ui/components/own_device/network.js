import { Downloads, gunzip } from "./downloads.js";
import { GLYPH_PIXELS } from "./pictures.js";

/** @typedef {import("../protocol.d.ts").DeviceFiles} DeviceFiles */
/** @typedef {import("./backend.js").Backend} Backend */
/** @typedef {import("./conditioning.js").Conditioning} Conditioning */
/** @typedef {import("./conditioning.js").Inputs} Inputs */
/** @typedef {import("./guidance.js").Ask} Ask */
/** @typedef {import("./guidance.js").Model} Model */

const ERRORS_ONLY = 3; // shape arithmetic that stays on the processor is worth no warning

/**
 * The large files that a backend needs.
 *
 * @param {DeviceFiles} files
 * @param {Backend} backend
 */
export function filesFor(files, backend) {
  return [files.graph, files.weights, files[backend.build].wasm];
}

/** The network in a session of the ONNX runtime. */
export class Network {
  #runtime;
  #session;
  #maxRows;

  /**
   * @param {any} runtime the module of onnxruntime-web
   * @param {any} session
   * @param {number} maxRows
   */
  constructor(runtime, session, maxRows) {
    this.#runtime = runtime;
    this.#session = session;
    this.#maxRows = maxRows;
  }

  /**
   * Fetch everything and start the session; files of the other networks stay kept.
   *
   * @param {Record<string, DeviceFiles>} files of each network
   * @param {string} network its name
   * @param {Backend} backend
   * @param {string} base address of the page
   * @param {(share: number) => void} onProgress 0 to 1 of all bytes
   */
  static async load(files, network, backend, base, onProgress) {
    const chosen = files[network];
    if (!chosen) throw new Error(`there is no network ${network} for this device`);
    const build = chosen[backend.build];
    const wanted = filesFor(chosen, backend);
    const total = wanted.reduce((sum, { size }) => sum + size, 0);
    let received = 0;
    const downloads = await Downloads.open(base);
    const getFile = (/** @type {DeviceFiles["graph"]} */ file) =>
      downloads.get(file, (bytes) => onProgress((received += bytes) / total));
    const [graph, weights, wasm] = await Promise.all(wanted.map(getFile));
    await downloads.forgetOthers(Object.values(files).flatMap((each) => filesFor(each, backend)));
    const runtime = await import(new URL(build.runtime_url, base).href);
    runtime.env.logLevel = "error";
    runtime.env.wasm.numThreads = backend.threads;
    runtime.env.wasm.wasmBinary = (await gunzip(wasm)).buffer;
    runtime.env.wasm.wasmPaths = { mjs: new URL(build.loader_url, base).href };
    const session = await runtime.InferenceSession.create(graph, {
      executionProviders: [backend.name],
      externalData: [{ path: chosen.weights_name, data: weights }],
      logSeverityLevel: ERRORS_ONLY,
    });
    return new Network(runtime, session, backend.maxRows);
  }

  /**
   * The network as guidance calls it; rows go through in groups that fit the device.
   *
   * @param {Conditioning} conditioning
   * @param {AbortSignal} signal rows that are left are not computed
   * @returns {Model}
   */
  model(conditioning, signal) {
    return async (x_t, timestep, asks) => {
      const numGlyphs = x_t.length / GLYPH_PIXELS;
      const rows = asks.flatMap((ask) => Array.from({ length: numGlyphs }, (_, glyph) => ({ ask, glyph })));
      const answers = new Float32Array(rows.length * GLYPH_PIXELS);
      for (let start = 0; start < rows.length && !signal.aborted; start += this.#maxRows) {
        const group = rows.slice(start, start + this.#maxRows);
        const noised = gather(x_t, group.map(({ glyph }) => glyph));
        const inputs = conditioning.inputs(group.map(({ ask }) => ask), timestep);
        answers.set(await this.call(noised, inputs), start * GLYPH_PIXELS);
        await new Promise((resolve) => setTimeout(resolve)); // let messages in, such as "stop"
      }
      return answers;
    };
  }

  /**
   * One call of the network.
   *
   * @param {Float32Array} x_t (rows, 128, 128)
   * @param {Inputs} inputs
   * @returns {Promise<Float32Array>} (rows, 128, 128)
   */
  async call(x_t, inputs) {
    const { rows, tokens } = inputs;
    const tensor = (/** @type {Float32Array} */ data, /** @type {number[]} */ ...shape) =>
      new this.#runtime.Tensor("float32", data, [rows, ...shape]);
    const grid = Math.sqrt(inputs.prior.length / rows);
    const { output } = await this.#session.run({
      x_t: tensor(x_t, 1, 128, 128),
      timesteps: tensor(inputs.timesteps),
      encoder_hidden_states: tensor(
        inputs.encoder_hidden_states,
        tokens,
        inputs.encoder_hidden_states.length / rows / tokens,
      ),
      encoder_attention_mask: tensor(inputs.encoder_attention_mask, tokens),
      class_labels: tensor(inputs.class_labels, inputs.class_labels.length / rows),
      prior: tensor(inputs.prior, 1, grid, grid),
      is_perturbed: tensor(inputs.is_perturbed),
    });
    const answers = await output.getData();
    output.dispose();
    return answers;
  }
}

/**
 * @param {Float32Array} x_t
 * @param {number[]} glyphs
 */
function gather(x_t, glyphs) {
  const rows = new Float32Array(glyphs.length * GLYPH_PIXELS);
  glyphs.forEach((glyph, i) => rows.set(x_t.subarray(glyph * GLYPH_PIXELS, (glyph + 1) * GLYPH_PIXELS), i * GLYPH_PIXELS));
  return rows;
}
