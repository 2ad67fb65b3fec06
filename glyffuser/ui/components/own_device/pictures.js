/**
 * Glyphs as pictures: the only place of the browser's sampler where pixel ranges change (`glyffuser/images.py`).
 */

import { dataUrl } from "./base64.js";
import { encodePng } from "./png.js";

export const GLYPH_SIZE = 128;
export const GLYPH_PIXELS = GLYPH_SIZE * GLYPH_SIZE;
const PAPER = 255;
const SMALL_SIZE = 32;
const JPEG_QUALITY = 0.75;

/**
 * Samples as grey levels; what lies outside [-1, 1] is clipped.
 *
 * @param {Float32Array} samples
 */
export function toPixels(samples) {
  return Uint8Array.from(samples, (x) => Math.round((Math.min(1, Math.max(-1, x)) + 1) * 127.5));
}

/**
 * Glyphs laid out row by row; empty cells are paper.
 *
 * @param {Uint8Array} glyphs (batch, 128, 128)
 * @param {number} columns
 */
export function tile(glyphs, columns) {
  const count = glyphs.length / GLYPH_PIXELS;
  const width = columns * GLYPH_SIZE;
  const pixels = new Uint8Array(Math.ceil(count / columns) * GLYPH_SIZE * width).fill(PAPER);
  for (let row = 0; row < count * GLYPH_SIZE; row++) {
    const [glyph, y] = [Math.floor(row / GLYPH_SIZE), row % GLYPH_SIZE];
    const top = Math.floor(glyph / columns) * GLYPH_SIZE + y;
    const line = glyphs.subarray(row * GLYPH_SIZE, (row + 1) * GLYPH_SIZE);
    pixels.set(line, top * width + (glyph % columns) * GLYPH_SIZE);
  }
  return { pixels, width };
}

/**
 * Glyphs averaged to 32 by 32 pixels, by which the server finds their positions on the map.
 *
 * @param {Uint8Array} glyphs (batch, 128, 128)
 */
export function averagePictures(glyphs) {
  const side = GLYPH_SIZE / SMALL_SIZE;
  const small = new Uint8Array(glyphs.length / side ** 2);
  for (let i = 0; i < small.length; i++) {
    const [row, column] = [Math.floor(i / SMALL_SIZE), i % SMALL_SIZE];
    let sum = 0;
    for (let y = 0; y < side; y++) {
      const start = (row * side + y) * GLYPH_SIZE + column * side;
      for (let x = 0; x < side; x++) sum += glyphs[start + x];
    }
    small[i] = Math.round(sum / side ** 2);
  }
  return small;
}

/**
 * A lossless data URL.
 *
 * @param {{ pixels: Uint8Array, width: number }} picture
 * @param {string} [settings] JSON that the picture keeps
 */
export async function pngUrl({ pixels, width }, settings) {
  return dataUrl(await encodePng(pixels, width, settings), "image/png");
}

/**
 * A small data URL for a frame on the way: JPEG, or PNG where a worker has no canvas.
 *
 * @param {{ pixels: Uint8Array, width: number }} picture
 */
export async function frameUrl({ pixels, width }) {
  const context = globalThis.OffscreenCanvas && new OffscreenCanvas(width, pixels.length / width).getContext("2d");
  if (!context) return pngUrl({ pixels, width });
  const image = context.createImageData(width, pixels.length / width);
  const colours = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) colours[i] = 0xff000000 | (pixels[i] * 0x010101);
  context.putImageData(image, 0, 0);
  const blob = await context.canvas.convertToBlob({ type: "image/jpeg", quality: JPEG_QUALITY });
  return dataUrl(new Uint8Array(await blob.arrayBuffer()), "image/jpeg");
}
