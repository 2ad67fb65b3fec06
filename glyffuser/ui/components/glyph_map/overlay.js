/** The canvas above Plotly's points: what is drawn anew with every frame, layer upon layer. */

import { inksOf } from "./colours.js";
import { LAYERS } from "./layers.js";
import { visibleHits } from "./state.js";
import { cameraOf, clamp } from "./view.js";

/** @typedef {import("./state.js").State} State */

/** Points become glyphs when no more than so many are in view. */
export const MAX_GLYPHS = 300;

const MIN_GLYPH_SIZE = 22; // pixels

/** Owns the canvas. */
export class Overlay {
  #canvas;
  #context;
  #parts;
  #colours;
  #maxGlyphSize;
  #glyphSize = 0;

  /**
   * @param {object} parts
   * @param {HTMLCanvasElement} parts.canvas
   * @param {import("./data.js").MapData} parts.data
   * @param {import("./field.js").DensityField} parts.field
   * @param {import("./colours.js").Colours} parts.colours
   * @param {import("./sprites.js").Sprites} parts.sprites
   * @param {number} parts.maxGlyphSize in pixels
   */
  constructor({ canvas, colours, maxGlyphSize, ...parts }) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.#colours = colours;
    this.#maxGlyphSize = maxGlyphSize;
    this.#parts = parts;
  }

  /** Side of the glyphs that were drawn in place of points, in pixels; 0 if points were. */
  get glyphSize() {
    return this.#glyphSize;
  }

  /** @param {State} current */
  draw(current) {
    const ratio = window.devicePixelRatio || 1;
    this.#fit(current.size, ratio);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (current.layers.surface) return;
    const scene = this.#sceneOf(current);
    this.#glyphSize = scene.glyphSize;
    for (const layer of LAYERS) {
      if (layer.isShown(scene)) layer.draw(this.#context, scene);
    }
  }

  /**
   * @param {import("./view.js").Size} size
   * @param {number} ratio canvas pixels a CSS pixel
   */
  #fit(size, ratio) {
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
  }

  /**
   * @param {State} current
   * @returns {import("./layers.js").Scene}
   */
  #sceneOf(current) {
    const camera = cameraOf(current.view, current.size);
    const inView = current.timestep === 0 ? charactersInView(this.#parts.data, camera) : [];
    const areGlyphs = current.timestep === 0 && current.layers.points && inView.length <= MAX_GLYPHS;
    return {
      ...current,
      ...this.#parts,
      camera,
      colouring: this.#colours.of(current),
      inks: inksOf(this.#canvas),
      visibleHits: visibleHits(current),
      inView,
      glyphSize: areGlyphs ? this.#glyphSizeFor(inView.length, current.size) : 0,
    };
  }

  /**
   * As large as there is room.
   *
   * @param {number} count
   * @param {import("./view.js").Size} size
   */
  #glyphSizeFor(count, { width, height }) {
    return clamp(0.7 * Math.sqrt((width * height) / Math.max(count, 1)), MIN_GLYPH_SIZE, this.#maxGlyphSize);
  }
}

/**
 * @param {{ xs: Float32Array, ys: Float32Array }} positions
 * @param {import("./view.js").Camera} camera
 * @returns {number[]} indices
 */
export function charactersInView({ xs, ys }, { x: [left, right], y: [bottom, top] }) {
  const found = [];
  for (let i = 0; i < xs.length; i++) {
    if (xs[i] >= left && xs[i] <= right && ys[i] >= bottom && ys[i] <= top) found.push(i);
  }
  return found;
}
