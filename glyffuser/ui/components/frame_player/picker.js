import { glyphAt } from "./layout.js";

/** @typedef {import("./layout.js").Grid} Grid */

/**
 * Which glyph is picked after a key press.
 *
 * @param {string} key
 * @param {number | null} picked
 * @param {Grid} grid
 * @returns {number | null | undefined} undefined if the key has no meaning here
 */
export function pickByKey(key, picked, grid) {
  if (key === "Escape") return null;
  const { columns } = grid;
  const moves = new Map([["ArrowRight", 1], ["ArrowLeft", -1], ["ArrowDown", columns], ["ArrowUp", -columns]]);
  const move = moves.get(key);
  if (move === undefined) return undefined;
  const next = picked === null ? 0 : picked + move;
  return next >= 0 && next < grid.num_glyphs ? next : picked;
}

/** Lets a visitor pick one glyph of the grid, by pointer or keys. */
export class Picker {
  #canvas;
  #getGrid;
  #onPick;
  /** @type {number | null} */
  #picked = null;

  /**
   * @param {object} options
   * @param {HTMLCanvasElement} options.canvas
   * @param {HTMLElement} options.names lie over the canvas; a click on a name picks its glyph
   * @param {() => Grid | undefined} options.getGrid undefined before the first run
   * @param {() => void} options.onPick
   * @param {AbortSignal} options.signal ends the listening
   */
  constructor({ canvas, names, getGrid, onPick, signal }) {
    this.#canvas = canvas;
    this.#getGrid = getGrid;
    this.#onPick = onPick;
    for (const target of [canvas, names]) target.addEventListener("click", (event) => this.#click(event), { signal });
    canvas.addEventListener("keydown", (event) => this.#press(event), { signal });
  }

  /** Index of the glyph that is picked. */
  get picked() {
    return this.#picked;
  }

  /** Pick nothing, without a call of `onPick`: another run begins. */
  reset() {
    this.#picked = null;
  }

  /**
   * A second click on a glyph unpicks it.
   *
   * @param {MouseEvent} event
   */
  #click(event) {
    const grid = this.#getGrid();
    if (!grid) return;
    const box = this.#canvas.getBoundingClientRect();
    const scale = this.#canvas.width / box.width;
    const index = glyphAt(scale * (event.clientX - box.left), scale * (event.clientY - box.top), grid);
    if (index !== null) this.#pick(index === this.#picked ? null : index);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const grid = this.#getGrid();
    const next = grid && pickByKey(event.key, this.#picked, grid);
    if (next === undefined) return;
    event.preventDefault();
    if (next !== this.#picked) this.#pick(next);
  }

  /** @param {number | null} index */
  #pick(index) {
    this.#picked = index;
    this.#onPick();
  }
}
