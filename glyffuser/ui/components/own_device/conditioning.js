import { decodeFloats } from "./base64.js";

/** @typedef {import("../protocol.d.ts").EncodedPrompt} EncodedPrompt */
/** @typedef {import("../protocol.d.ts").DeviceRun} DeviceRun */
/** @typedef {import("./guidance.js").Ask} Ask */

/**
 * @typedef {object} Inputs of the network, one row a glyph and answer; see `GraphInputs` of training/onnx_graph.py
 * @property {number} rows
 * @property {number} tokens
 * @property {Float32Array} timesteps
 * @property {Float32Array} encoder_hidden_states
 * @property {Float32Array} encoder_attention_mask
 * @property {Float32Array} class_labels
 * @property {Float32Array} prior
 * @property {Float32Array} is_perturbed
 */

/** What the network is told besides the noised glyphs. Prompt and null prompt are padded to the same length. */
export class Conditioning {
  #prompt;
  #nullPrompt;
  #tokens;

  /** @param {Pick<DeviceRun, "prompt" | "null_prompt">} run */
  constructor({ prompt, null_prompt: nullPrompt }) {
    this.#tokens = Math.max(prompt.num_tokens, nullPrompt.num_tokens);
    this.#prompt = decode(prompt, this.#tokens);
    this.#nullPrompt = decode(nullPrompt, this.#tokens);
  }

  /**
   * Inputs for one row per ask.
   *
   * @param {Ask[]} asks
   * @param {number} timestep
   * @returns {Inputs}
   */
  inputs(asks, timestep) {
    const told = asks.map(({ isNull }) => (isNull ? this.#nullPrompt : this.#prompt));
    return {
      rows: asks.length,
      tokens: this.#tokens,
      timesteps: new Float32Array(asks.length).fill(timestep),
      encoder_hidden_states: joined(told.map((one) => one.encoder_hidden_states)),
      encoder_attention_mask: joined(told.map((one) => one.encoder_attention_mask)),
      class_labels: joined(told.map((one) => one.class_labels)),
      prior: joined(told.map((one) => one.prior)),
      is_perturbed: Float32Array.from(asks, ({ isPerturbed }) => Number(isPerturbed)),
    };
  }
}

/**
 * @param {EncodedPrompt} encoded
 * @param {number} tokens
 */
function decode(encoded, tokens) {
  const states = decodeFloats(encoded.encoder_hidden_states);
  const padded = new Float32Array((states.length / encoded.num_tokens) * tokens);
  padded.set(states);
  return {
    encoder_hidden_states: padded,
    encoder_attention_mask: Float32Array.from({ length: tokens }, (_, i) => Number(i < encoded.num_tokens)),
    class_labels: decodeFloats(encoded.class_labels),
    prior: decodeFloats(encoded.prior),
  };
}

/** @param {Float32Array[]} parts of one length */
function joined(parts) {
  const whole = new Float32Array(parts.length * parts[0].length);
  parts.forEach((part, i) => whole.set(part, i * part.length));
  return whole;
}
