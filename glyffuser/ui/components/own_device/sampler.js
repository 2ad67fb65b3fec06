/**
 * The sampling loop and the four samplers of `glyffuser/diffusion.py`, for a network that is called asynchronously.
 */

import { CLEAN, clamp, noiseLevel, toEps, toX0 } from "./schedule.js";

/** @typedef {import("../protocol.d.ts").NoiseSchedule} NoiseSchedule */
/** @typedef {import("./schedule.js").NoiseLevel} NoiseLevel */
/** @typedef {import("./torch_random.js").TorchGenerator} TorchGenerator */
/** @typedef {(x_t: Float32Array, timestep: number) => Promise<Float32Array>} Predict guidance included */

/**
 * @typedef {object} Frame one denoising step of a batch
 * @property {number} step 1 to `num_steps`
 * @property {number} num_steps
 * @property {number} timestep where the model was called
 * @property {number} next_timestep noise level of `x_t`; 0 after the last step
 * @property {Float32Array} x_t (batch, 128, 128), the glyphs after the step; after the last one finished, in [-1, 1]
 * @property {Float32Array} pred_x_0 (batch, 128, 128) in [-1, 1]
 */

/**
 * @typedef {object} Step what a step rule works with
 * @property {Float32Array} x_t
 * @property {Float32Array} x_0 the prediction, unclamped
 * @property {Float32Array} pred_x_0 the prediction, in [-1, 1]
 * @property {Float32Array} eps the predicted noise
 * @property {number} timestep
 * @property {NoiseLevel} here noise level of `x_t`
 * @property {NoiseLevel} next noise level that the step leads to
 * @property {() => Float32Array} drawNoise
 */

/** A fresh step rule for one run, by the names of `glyffuser.diffusion.SAMPLERS`; some remember the step before. */
/** @type {Record<string, () => (step: Step) => Float32Array>} */
export const SAMPLERS = {
  "dpm++-sde": () => dpmSolver(true),
  "dpm++": () => dpmSolver(false),
  ddim: () => ddimStep,
  ddpm: () => ddpmStep,
};

/**
 * Denoise a batch, one frame per call of the model.
 *
 * @param {object} run
 * @param {Predict} run.predict
 * @param {Float32Array} run.x_t (batch, 128, 128), pure noise
 * @param {string} run.sampler a key of `SAMPLERS`
 * @param {number[]} run.timesteps from `spacedTimesteps`
 * @param {Float32Array} run.alphasCumprod
 * @param {NoiseSchedule["prediction_type"]} run.predictionType
 * @param {TorchGenerator[]} run.generators one per glyph; stochastic samplers draw their noise from them
 * @param {AbortSignal} [run.signal] ends the run before the next frame
 * @returns {AsyncGenerator<Frame, void>}
 */
export async function* sample({ predict, x_t, sampler, timesteps, alphasCumprod, predictionType, generators, signal }) {
  const takeStep = SAMPLERS[sampler]();
  const drawNoise = () => batchNoise(generators, x_t.length / generators.length);
  for (const [index, timestep] of timesteps.entries()) {
    const isLast = index === timesteps.length - 1;
    const here = noiseLevel(alphasCumprod[timestep]);
    const next = isLast ? CLEAN : noiseLevel(alphasCumprod[timesteps[index + 1]]);
    const output = await predict(x_t, timestep);
    if (signal?.aborted) return;
    const x_0 = toX0(output, x_t, here, predictionType);
    const pred_x_0 = clamp(x_0);
    const eps = toEps(output, x_t, here, predictionType);
    x_t = takeStep({ x_t, x_0, pred_x_0, eps, timestep, here, next, drawNoise });
    if (isLast) x_t = finished(x_t);
    const next_timestep = isLast ? 0 : timesteps[index + 1];
    yield { step: index + 1, num_steps: timesteps.length, timestep, next_timestep, x_t, pred_x_0 };
  }
}

/**
 * Standard normal noise, drawn glyph by glyph.
 *
 * @param {TorchGenerator[]} generators one per glyph
 * @param {number} size of one glyph
 */
export function batchNoise(generators, size) {
  const noise = new Float32Array(generators.length * size);
  generators.forEach((generator, i) => noise.set(generator.randn(size), i * size));
  return noise;
}

/**
 * DPM-Solver++ (Lu et al. 2022), second order, midpoint; the first step and the last are of first order.
 *
 * @param {boolean} isStochastic fresh noise at every step (SDE-DPM-Solver++)
 * @returns {(step: Step) => Float32Array}
 */
function dpmSolver(isStochastic) {
  const stochastic = Number(isStochastic);
  /** @type {{ x_0: Float32Array, lambda: number } | null} */
  let before = null;
  return ({ x_t, x_0, here, next, drawNoise }) => {
    const noise = isStochastic ? drawNoise() : null;
    const h = next.lambda - here.lambda;
    const decay = next.sigma && (next.sigma / here.sigma) * Math.exp(-stochastic * h);
    const gain = next.alpha * -Math.expm1(-(1 + stochastic) * h);
    const spread = next.sigma * Math.sqrt(-Math.expm1(-2 * h));
    const last = before;
    const slope = last && next !== CLEAN ? (0.5 * gain * h) / (here.lambda - last.lambda) : 0;
    before = { x_0, lambda: here.lambda };
    return x_t.map((x, i) => {
      const second = last && slope ? slope * (x_0[i] - last.x_0[i]) : 0;
      return decay * x + gain * x_0[i] + second + (noise ? spread * noise[i] : 0);
    });
  };
}

/**
 * DDIM (J. Song et al. 2021, equation 12): the clean glyph, noised again with the predicted noise.
 *
 * @param {Step} step
 */
function ddimStep({ pred_x_0, eps, next }) {
  return pred_x_0.map((x, i) => next.alpha * x + next.sigma * eps[i]);
}

/**
 * Ancestral sampling (Ho et al. 2020, equations 6 and 7).
 *
 * @param {Step} step
 */
function ddpmStep({ x_t, pred_x_0, timestep, here, next, drawNoise }) {
  const noise = timestep > 0 ? drawNoise() : null;
  const alpha = here.alphaBar / next.alphaBar;
  const beta = 1 - alpha;
  const ofPrediction = (next.alpha * beta) / (1 - here.alphaBar);
  const ofNoised = (Math.sqrt(alpha) * (1 - next.alphaBar)) / (1 - here.alphaBar);
  const spread = Math.sqrt(((1 - next.alphaBar) / (1 - here.alphaBar)) * beta);
  return x_t.map((x, i) => ofPrediction * pred_x_0[i] + ofNoised * x + (noise ? spread * noise[i] : 0));
}

/** @param {Float32Array} x_t after the last step */
function finished(x_t) {
  if (!x_t.every(Number.isFinite)) throw new Error("the network's output is not finite");
  return clamp(x_t);
}
