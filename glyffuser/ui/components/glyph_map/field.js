/** Density and score of the characters on the map at any noise level: those of all characters, or of a light's. */

import * as density from "./density.js";

/** Grid points a side of every density. */
export const GRID = 96;

/** The schedule's mixture density over one set of characters; whoever draws density asks here. */
export class DensityField {
  #xs;
  #ys;
  #alphasCumprod;
  #bandwidth;
  #all;
  /** @type {{ light: import("./state.js").Light | null, weights: Float64Array }} weights of the light asked for last */
  #lit;

  /**
   * @param {{ xs: Float32Array, ys: Float32Array }} positions of the characters
   * @param {{ alphas_cumprod: number[], bandwidth: number }} settings noise schedule, and width of the kernel
   */
  constructor({ xs, ys }, { alphas_cumprod, bandwidth }) {
    this.#xs = xs;
    this.#ys = ys;
    this.#alphasCumprod = alphas_cumprod;
    this.#bandwidth = bandwidth;
    this.#all = density.bin(xs, ys, Uint32Array.from(xs.keys()), null, GRID);
    this.#lit = { light: null, weights: this.#all };
  }

  /**
   * @param {number} timestep 0 is no noise
   * @returns {number} share of the variance that is signal
   */
  alphaBar(timestep) {
    return timestep === 0 ? 1 : this.#alphasCumprod[timestep];
  }

  /**
   * @param {import("./state.js").Light | null} light null for all characters
   * @param {number} timestep
   * @returns {Float64Array[]} rows of the grid `density.axis(GRID)`
   */
  density(light, timestep) {
    return density.grid(this.#weights(light), GRID, this.alphaBar(timestep), this.#bandwidth);
  }

  /**
   * @param {import("./state.js").Light | null} light null for all characters
   * @param {number} timestep
   * @param {number[]} xs
   * @param {number[]} ys
   * @returns {density.Arrow[]} at every crossing of the coordinates
   */
  scores(light, timestep, xs, ys) {
    return density.scores(this.#weights(light), GRID, this.alphaBar(timestep), this.#bandwidth, xs, ys);
  }

  /** @returns {Float64Array} for each character the share of all that lie where it is denser, in [0, 1] */
  ranks() {
    const rows = density.enclosed(this.density(null, 0));
    return Float64Array.from(this.#xs, (x, index) => density.valueAt(rows, x, this.#ys[index]));
  }

  /** @param {import("./state.js").Light | null} light */
  #weights(light) {
    if (!light) return this.#all;
    if (this.#lit.light !== light) {
      this.#lit = { light, weights: density.bin(this.#xs, this.#ys, light.indices, light.weights, GRID) };
    }
    return this.#lit.weights;
  }
}
