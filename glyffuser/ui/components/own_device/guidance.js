/**
 * Classifier-free (Ho & Salimans 2022) and perturbed-attention guidance (Ahn et al. 2024), as
 * `glyffuser.guidance` applies them.
 */

/** @typedef {import("../protocol.d.ts").DeviceConfig} DeviceConfig */
/** @typedef {import("./sampler.js").Predict} Predict */

/**
 * @typedef {object} Ask one answer that is wanted for every glyph
 * @property {boolean} isNull without the prompt
 * @property {boolean} isPerturbed with perturbed self-attention
 */

/**
 * All answers, one after another.
 *
 * @typedef {(x_t: Float32Array, timestep: number, asks: Ask[]) => Promise<Float32Array>} Model
 */

/**
 * @param {Model} model
 * @param {DeviceConfig} config
 * @param {boolean} hasPrompt guidance needs one
 * @returns {Predict}
 */
export function guided(model, config, hasPrompt) {
  return async (x_t, timestep) => {
    const asks = asksAt(timestep, config, hasPrompt);
    const answers = await model(x_t, timestep, asks);
    const answer = (/** @type {number} */ i) => answers.subarray(i * x_t.length, (i + 1) * x_t.length);
    const conditional = answer(0);
    const output = Float32Array.from(conditional);
    for (let k = 1; k < asks.length; k++) {
      const scale = asks[k].isPerturbed ? config.pag_scale : config.guidance_scale - 1;
      const other = answer(k);
      for (let i = 0; i < output.length; i++) output[i] += scale * (conditional[i] - other[i]);
    }
    return output;
  };
}

/**
 * What the network has to answer at a timestep; with the prompt comes first.
 *
 * @param {number} timestep
 * @param {DeviceConfig} config
 * @param {boolean} hasPrompt
 * @returns {Ask[]}
 */
export function asksAt(timestep, config, hasPrompt) {
  const asks = [{ isNull: false, isPerturbed: false }];
  const isGuided = hasPrompt && config.guidance_scale !== 1 && isWithin(timestep, config.guidance_interval);
  if (isGuided) asks.push({ isNull: true, isPerturbed: false });
  if (config.pag_scale > 0 && isWithin(timestep, config.pag_interval)) asks.push({ isNull: false, isPerturbed: true });
  return asks;
}

/**
 * Rows that a run computes for one glyph.
 *
 * @param {number[]} timesteps
 * @param {DeviceConfig} config
 * @param {boolean} hasPrompt
 */
export function rowsOf(timesteps, config, hasPrompt) {
  return timesteps.reduce((sum, timestep) => sum + asksAt(timestep, config, hasPrompt).length, 0);
}

/**
 * @param {number} timestep
 * @param {number[]} interval both ends included
 */
function isWithin(timestep, [low, high]) {
  return low <= timestep && timestep <= high;
}
