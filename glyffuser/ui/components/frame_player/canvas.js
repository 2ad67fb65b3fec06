import { normalPairs } from "../random.js";
import { gridSize, NAME_GAP, TILE, tileAt } from "./layout.js";

/** @typedef {import("./layout.js").Grid} Grid */

const OUTLINE = 4; // pixels
const NOISE_GRID = { num_glyphs: 4, columns: 2 };

/**
 * Draw the glyphs of a picture, in which they touch one another, with gaps between them.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {CanvasImageSource} picture 128 pixels a glyph
 * @param {Grid} grid
 */
export function drawGlyphs(context, picture, grid) {
  for (let i = 0; i < grid.num_glyphs; i++) {
    const { column, row, x, y } = tileAt(i, grid);
    context.drawImage(picture, column * TILE, row * TILE, TILE, TILE, x, y, TILE, TILE);
  }
}

/** The grid of glyphs, and their names below them: text beside the canvas, so that it is sharp and read out. */
export class GlyphCanvas {
  #canvas;
  #names;
  #context;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} names the list of names
   */
  constructor(canvas, names) {
    this.#canvas = canvas;
    this.#names = names;
    this.#context = context2d(canvas);
  }

  /**
   * @param {CanvasImageSource | null} picture nothing is drawn if null
   * @param {Grid} grid
   * @param {number | null} picked the glyph that gets an outline
   */
  paint(picture, grid, picked) {
    const { width, height } = gridSize(grid);
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    this.#context.clearRect(0, 0, width, height);
    if (picture) drawGlyphs(this.#context, picture, grid);
    if (picked !== null) this.#outline(picked, grid);
  }

  /** Paint what stands there before the first run: Gaussian noise, the same for every visitor. */
  paintNoise() {
    this.paint(noisePicture(2 * TILE), NOISE_GRID, null);
  }

  /** @param {Grid} grid */
  writeNames(grid) {
    const { width, height } = gridSize(grid);
    const items = (grid.names ?? []).map((name, i) => {
      const { x, y } = tileAt(i, grid);
      const item = document.createElement("li");
      item.textContent = item.title = name;
      item.style.left = `${(100 * x) / width}%`;
      item.style.top = `${(100 * (y + TILE)) / height}%`;
      item.style.width = `${(100 * TILE) / width}%`;
      item.style.height = `${(100 * NAME_GAP) / height}%`;
      return item;
    });
    this.#names.replaceChildren(...items);
  }

  /**
   * @param {number} index
   * @param {Grid} grid
   */
  #outline(index, grid) {
    const { x, y } = tileAt(index, grid);
    this.#context.strokeStyle = getComputedStyle(this.#canvas).getPropertyValue("--glyff-seal") || "#b3261e";
    this.#context.lineWidth = OUTLINE;
    this.#context.strokeRect(x + OUTLINE / 2, y + OUTLINE / 2, TILE - OUTLINE, TILE - OUTLINE);
  }
}

/** @param {number} size in pixels */
function noisePicture(size) {
  const picture = document.createElement("canvas");
  picture.width = picture.height = size;
  const pixels = new ImageData(size, size);
  const normal = normalPairs(1);
  for (let i = 0; i < size * size; i++) {
    pixels.data.fill(127.5 * (normal()[0] + 1), 4 * i, 4 * i + 3); // the array clamps to 0 ... 255
    pixels.data[4 * i + 3] = 255;
  }
  context2d(picture).putImageData(pixels, 0, 0);
  return picture;
}

/** @param {HTMLCanvasElement} canvas */
function context2d(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws on no canvas");
  return context;
}
