/** A run as an animated GIF: what the player shows, with the prompt below it. */

import { drawGlyphs } from "./canvas.js";
import { makeGif } from "./gif.js";
import { gridSize, NAME_GAP, TILE, tileAt } from "./layout.js";
import { decodeImage, sourceOf } from "./pictures.js";

/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("./gif.js").Scene} Scene */
/** @typedef {import("./pictures.js").View} View */

const MAX_SCENES = 40;
const DELAY_MS = { first: 800, between: 80, last: 2500 };
/** Narrower grids are drawn at twice their size. */
const MIN_WIDTH = 300;
/** Height of the line with the prompt. */
const LABEL_HEIGHT = 26;
const FONT_SIZE = { label: 16, name: 13, least: 9 };

/**
 * @param {FrameMessage[]} frames of one run
 * @param {View} view
 * @param {string} gifencUrl
 * @param {AbortSignal} signal ends the work
 */
export async function makeAnimation(frames, view, gifencUrl, signal) {
  const { width, height, scale } = animationSize(frames[0]);
  return makeGif(gifencUrl, width, height, scenesOf(frames, view, scale), signal);
}

/**
 * Size of the animation in pixels, and how much larger than the canvas it is drawn.
 *
 * @param {FrameMessage} frame
 */
export function animationSize(frame) {
  const { width, height } = gridSize(frame);
  const scale = width < MIN_WIDTH ? 2 : 1;
  return { width: scale * width, height: scale * (height + (frame.label ? LABEL_HEIGHT : 0)), scale };
}

/**
 * Choose evenly spaced frames, the last one among them, and how long each stays.
 *
 * @param {FrameMessage[]} frames
 * @param {number} [most] scenes
 */
export function chooseScenes(frames, most = MAX_SCENES) {
  const stride = Math.ceil(frames.length / (most - 1));
  const chosen = frames.filter((_, i) => i === frames.length - 1 || i % stride === 0);
  return chosen.map((frame, i) => {
    if (i === chosen.length - 1) return { frame, delay: DELAY_MS.last };
    return { frame, delay: i === 0 ? DELAY_MS.first : DELAY_MS.between };
  });
}

/**
 * Fit a line of text into a width: by a smaller font down to the least that can be read, then by cutting its end.
 *
 * @param {string} text
 * @param {number} width
 * @param {number} size of the font, in pixels, at most
 * @param {(text: string, size: number) => number} measure width of a text
 */
export function fitLine(text, width, size, measure) {
  const fitting = Math.max(FONT_SIZE.least, Math.min(size, (size * (width - 8)) / measure(text, size)));
  const characters = [...text];
  let line = text;
  while (characters.length && measure(line, fitting) > width - 4) {
    characters.pop();
    line = `${characters.join("")}…`;
  }
  return { line, size: fitting };
}

/**
 * @param {FrameMessage[]} frames
 * @param {View} view
 * @param {number} scale
 * @returns {Scene[]}
 */
function scenesOf(frames, view, scale) {
  return chooseScenes(frames).map(({ frame, delay }) => ({
    delay,
    draw: async (context) => drawScene(context, frame, await decodeImage(sourceOf(frame, view)), scale),
  }));
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {FrameMessage} frame
 * @param {CanvasImageSource} picture
 * @param {number} scale
 */
function drawScene(context, frame, picture, scale) {
  const { width, height } = gridSize(frame);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.imageSmoothingEnabled = false;
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height + LABEL_HEIGHT);
  drawGlyphs(context, picture, frame);
  (frame.names ?? []).forEach((name, i) => {
    const { x, y } = tileAt(i, frame);
    writeLine(context, name, x + TILE / 2, y + TILE + NAME_GAP / 2, TILE, FONT_SIZE.name);
  });
  writeLine(context, frame.label, width / 2, height + LABEL_HEIGHT / 2, width, FONT_SIZE.label);
}

/**
 * Write a line of text around its middle.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} maxSize
 */
function writeLine(context, text, x, y, width, maxSize) {
  /** @param {number} pixels */
  const setSize = (pixels) => (context.font = `${pixels}px sans-serif`);
  const { line, size } = fitLine(text, width, maxSize, (part, pixels) => {
    setSize(pixels);
    return context.measureText(part).width;
  });
  setSize(size);
  context.fillStyle = "black";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(line, x, y);
}
