/**
 * The noise schedule and the conversions of `glyffuser/diffusion.py`.
 *
 * Notation of Ho et al. 2020: x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps.
 */

/** @typedef {import("../protocol.d.ts").NoiseSchedule} NoiseSchedule */

/**
 * @typedef {object} NoiseLevel
 * @property {number} alphaBar
 * @property {number} alpha factor of x_0, sqrt(alphaBar)
 * @property {number} sigma factor of the noise, sqrt(1 - alphaBar)
 * @property {number} lambda half the log-SNR, log(alpha / sigma); infinite without noise
 */

const { fround } = Math;

/** No noise at all: where a run ends. @type {NoiseLevel} */
export const CLEAN = { alphaBar: 1, alpha: 1, sigma: 0, lambda: Infinity };

/**
 * alpha_bar of every timestep, for a beta that grows linearly; in float32, as torch computes it.
 *
 * @param {NoiseSchedule} schedule
 */
export function alphasCumprod({ num_train_timesteps: count, beta_start, beta_end }) {
  const [start, end] = [fround(beta_start), fround(beta_end)];
  const step = fround(fround(end - start) / (count - 1));
  const values = new Float32Array(count);
  let product = 1; // torch accumulates in float64
  for (let timestep = 0; timestep < count; timestep++) {
    const isFirstHalf = timestep < count / 2; // torch.linspace counts from both ends
    const beta = isFirstHalf ? fround(start + fround(step * timestep)) : fround(end - fround(step * (count - 1 - timestep)));
    product *= fround(1 - beta);
    values[timestep] = product;
  }
  return values;
}

const [DENSE_CENTRE, DENSE_WIDTH] = [0.68, 0.3];
const SEGMENT_ENDS = [0, 0.201, 0.501, 0.721, 1];

/**
 * What share of the noise schedule lies below a timestep, by the share of a run's timesteps that are yet to come.
 *
 * @type {Record<string, (share: number) => number>}
 */
const SPACINGS = {
  middle: (share) => {
    const [lowest, highest] = [0, 1].map((end) => Math.asinh((end - DENSE_CENTRE) / DENSE_WIDTH));
    return DENSE_CENTRE + DENSE_WIDTH * Math.sinh(lowest + share * (highest - lowest));
  },
  segments: (share) => {
    const position = share * (SEGMENT_ENDS.length - 1);
    const segment = Math.min(Math.floor(position), SEGMENT_ENDS.length - 2);
    const [low, high] = SEGMENT_ENDS.slice(segment, segment + 2);
    return low + (high - low) * (position - segment);
  },
  even: (share) => share,
};

/**
 * Timesteps of a run, from pure noise on.
 *
 * @param {number} numInferenceSteps
 * @param {string} spacing a key of `glyffuser.spacing.SPACINGS`
 * @param {number} numTrainTimesteps
 */
export function spacedTimesteps(numInferenceSteps, spacing, numTrainTimesteps) {
  const shares = Array.from({ length: numInferenceSteps }, (_, i) => 1 - i / numInferenceSteps);
  return shares.map((share) => roundHalfToEven(numTrainTimesteps * SPACINGS[spacing](share)) - 1);
}

/**
 * @param {number} alphaBar
 * @returns {NoiseLevel}
 */
export function noiseLevel(alphaBar) {
  const [alpha, sigma] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)];
  return { alphaBar, alpha, sigma, lambda: Math.log(alpha / sigma) };
}

/**
 * Convert a model output to the predicted x_0.
 *
 * @param {Float32Array} output
 * @param {Float32Array} x_t
 * @param {NoiseLevel} level
 * @param {NoiseSchedule["prediction_type"]} predictionType
 */
export function toX0(output, x_t, { alpha, sigma }, predictionType) {
  if (predictionType === "v_prediction") return x_t.map((x, i) => alpha * x - sigma * output[i]);
  if (predictionType === "epsilon") return x_t.map((x, i) => (x - sigma * output[i]) / alpha);
  return output;
}

/**
 * Convert a model output to the predicted noise.
 *
 * @param {Float32Array} output
 * @param {Float32Array} x_t
 * @param {NoiseLevel} level
 * @param {NoiseSchedule["prediction_type"]} predictionType
 */
export function toEps(output, x_t, { alpha, sigma }, predictionType) {
  if (predictionType === "v_prediction") return x_t.map((x, i) => sigma * x + alpha * output[i]);
  if (predictionType === "epsilon") return output;
  return x_t.map((x, i) => (x - alpha * output[i]) / sigma);
}

/**
 * Values held to [-1, 1].
 *
 * @param {Float32Array} values
 */
export function clamp(values) {
  return values.map((value) => Math.min(1, Math.max(-1, value)));
}

/** @param {number} x */
function roundHalfToEven(x) {
  const isHalf = Math.abs(x % 1) === 0.5;
  return isHalf ? 2 * Math.round(x / 2) : Math.round(x); // as Python's round
}
