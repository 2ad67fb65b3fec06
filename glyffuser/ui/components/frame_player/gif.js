/** Animated GIFs, made in the browser with gifenc (LICENSES/README.md), which is fetched for the first one. */

/**
 * @typedef {{ palette: number[][], delay: number }} GifFrameOptions
 *
 * @typedef {object} Encoder the part of gifenc's encoder that is used
 * @property {(pixels: Uint8Array, width: number, height: number, options: GifFrameOptions) => void} writeFrame
 * @property {() => void} finish
 * @property {() => Uint8Array<ArrayBuffer>} bytes
 */

/**
 * @typedef {object} Scene
 * @property {number} delay milliseconds for which it stays
 * @property {(context: CanvasRenderingContext2D) => void | Promise<void>} draw
 */

/** Grey levels; more of them make the file of a noisy run much larger and no clearer. */
export const GREYS = 16;

let failedImports = 0;

/**
 * Import gifenc. A browser remembers a failed import and does not fetch the same address again, so another one is used.
 *
 * @param {string} url
 * @param {(address: string) => Promise<{ GIFEncoder: () => Encoder }>} [load]
 * @param {string} [base]
 */
export async function importGifenc(url, load = (address) => import(address), base = document.baseURI) {
  const address = new URL(url, base);
  if (failedImports) address.searchParams.set("retry", String(failedImports));
  try {
    return await load(address.href);
  } catch (error) {
    failedImports++;
    throw error;
  }
}

/**
 * Draw scenes one after another and encode them.
 *
 * @param {Encoder} encoder
 * @param {CanvasRenderingContext2D} context
 * @param {Scene[]} scenes
 * @param {() => Promise<void>} pause gives the page time before each scene
 */
export async function encodeScenes(encoder, context, scenes, pause) {
  const { width, height } = context.canvas;
  const palette = Array.from({ length: GREYS }, (_, i) => Array(3).fill(Math.round((255 * i) / (GREYS - 1))));
  for (const { draw, delay } of scenes) {
    await pause();
    await draw(context);
    const { data } = context.getImageData(0, 0, width, height);
    encoder.writeFrame(greyLevels(data), width, height, { palette, delay });
  }
  encoder.finish();
  return encoder.bytes();
}

/**
 * @param {string} gifencUrl
 * @param {number} width
 * @param {number} height
 * @param {Scene[]} scenes
 * @param {AbortSignal} signal ends the work
 * @returns {Promise<Blob>} is rejected if gifenc cannot be fetched or a scene cannot be drawn
 */
export async function makeGif(gifencUrl, width, height, scenes, signal) {
  const { GIFEncoder } = await importGifenc(gifencUrl);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser draws on no canvas");
  const pause = () => nextTask().then(() => signal.throwIfAborted());
  return new Blob([await encodeScenes(GIFEncoder(), context, scenes, pause)], { type: "image/gif" });
}

/**
 * Palette index of each pixel. The pictures are grey, so the red channel is enough.
 *
 * @param {Uint8ClampedArray} rgba
 */
function greyLevels(rgba) {
  return Uint8Array.from({ length: rgba.length / 4 }, (_, i) => Math.round((rgba[4 * i] * (GREYS - 1)) / 255));
}

/** @returns {Promise<void>} */
function nextTask() {
  return new Promise((resolve) => setTimeout(resolve));
}
