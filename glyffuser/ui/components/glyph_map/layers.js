/**
 * What the overlay draws: one function a layer, which gets the context and a scene, and keeps no state.
 *
 * A new layer that visitors can switch needs an entry in `LAYERS`, its name in `state.js`, a checkbox in `map.html` and
 * the checkbox' label in `text/en.json`.
 *
 * @typedef {object} SceneParts what a layer may draw from
 * @property {import("./data.js").MapData} data
 * @property {import("./field.js").DensityField} field
 * @property {import("./sprites.js").Sprites} sprites
 * @property {import("./view.js").Camera} camera
 * @property {import("./colours.js").Colouring} colouring
 * @property {import("./colours.js").Inks} inks
 * @property {ReadonlySet<number> | null} visibleHits
 * @property {number[]} inView characters that are in view while there is no noise
 * @property {number} glyphSize side of the glyphs drawn in place of points, in pixels; 0 while points are drawn
 *
 * @typedef {import("./state.js").State & SceneParts} Scene
 * @typedef {CanvasRenderingContext2D} Context
 *
 * @typedef {object} Layer
 * @property {(scene: Scene) => boolean} isShown
 * @property {(context: Context, scene: Scene) => void} draw
 */

import { radicalTitle } from "./data.js";

const POINT = 2; // side in pixels
const FONT = "600 13px ui-sans-serif, system-ui, sans-serif";
const HALF_LETTER = 4; // half of a letter's width in that font, about
const CHARACTER = 2; // a character's width in letters
const LINE = 18; // its height, with some air
const ARROWS_A_SIDE = 15;
const ARROW_HEAD = 5; // pixels
const MIN_SCORE = 1e-6;

/** From the lowest to the topmost. @type {Layer[]} */
export const LAYERS = [
  { isShown: ({ timestep, layers }) => timestep > 0 && layers.points, draw: drawCloud },
  { isShown: ({ glyphSize }) => glyphSize > 0, draw: drawGlyphs },
  { isShown: ({ timestep, visibleHits }) => timestep === 0 && visibleHits !== null, draw: drawHits },
  { isShown: ({ timestep, visibleHits, light }) => timestep === 0 && !visibleHits && light !== null, draw: drawLight },
  { isShown: ({ layers }) => layers.arrows, draw: drawArrows },
  { isShown: ({ timestep, layers, glyphSize }) => layers.labels && timestep === 0 && !glyphSize, draw: drawLabels },
  { isShown: ({ timestep, layers, path }) => layers.path && timestep === 0 && path !== null, draw: drawPath },
  { isShown: ({ timestep, selected }) => timestep === 0 && selected !== null, draw: drawSelection },
];

/**
 * The noised characters: x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise.
 *
 * @param {Context} context
 * @param {Scene} scene
 */
function drawCloud(context, { data, field, timestep, camera, colouring, inks, visibleHits }) {
  const { xs, ys, noiseX, noiseY } = data;
  const signal = Math.sqrt(field.alphaBar(timestep));
  const sigma = Math.sqrt(1 - field.alphaBar(timestep));
  /**
   * @param {string} colour
   * @param {(index: number) => boolean} isMeant
   */
  const drawPoints = (colour, isMeant) => {
    context.fillStyle = colour;
    for (let i = 0; i < xs.length; i++) {
      if (!isMeant(i)) continue;
      const x = camera.toX(signal * xs[i] + sigma * noiseX[i]);
      const y = camera.toY(signal * ys[i] + sigma * noiseY[i]);
      context.fillRect(x - POINT / 2, y - POINT / 2, POINT, POINT);
    }
  };
  context.globalAlpha = 0.8;
  if (visibleHits) {
    drawPoints(inks.line, (i) => !visibleHits.has(i));
    drawPoints(inks.seal, (i) => visibleHits.has(i));
  } else {
    colouring.palette.forEach((colour, bin) => drawPoints(colour, (i) => colouring.bins[i] === bin));
  }
  context.globalAlpha = 1;
}

/**
 * @param {Context} context
 * @param {Scene} scene
 */
function drawGlyphs(context, { data, sprites, camera, inView, glyphSize }) {
  for (const index of inView) {
    const x = camera.toX(data.xs[index]) - glyphSize / 2;
    const y = camera.toY(data.ys[index]) - glyphSize / 2;
    sprites.draw(context, index, x, y, glyphSize);
  }
}

/**
 * @param {Context} context
 * @param {Scene} scene
 */
function drawHits(context, scene) {
  for (const index of scene.visibleHits ?? []) markCharacter(context, scene, index, 3);
}

/**
 * The larger the circle, the nearer the definition.
 *
 * @param {Context} context
 * @param {Scene} scene
 */
function drawLight(context, scene) {
  const { indices, weights } = /** @type {import("./state.js").Light} */ (scene.light);
  const most = Math.max(...weights);
  indices.forEach((index, k) => markCharacter(context, scene, index, 1 + 5 * Math.sqrt(weights[k] / most)));
}

/**
 * A disc on a point, or a circle around a glyph.
 *
 * @param {Context} context
 * @param {Scene} scene
 * @param {number} index
 * @param {number} radius
 */
function markCharacter(context, { data, camera, size, inks, glyphSize }, index, radius) {
  const [x, y] = [camera.toX(data.xs[index]), camera.toY(data.ys[index])];
  if (x < -9 || y < -9 || x > size.width + 9 || y > size.height + 9) return;
  if (glyphSize) return drawRing(context, x, y, 0.72 * glyphSize, inks.seal, 2);
  context.fillStyle = inks.seal;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/**
 * The score on a grid of places.
 *
 * @param {Context} context
 * @param {Scene} scene
 */
function drawArrows(context, { field, light, timestep, camera, inks }) {
  const { x, y, scale, toX, toY } = camera;
  const spacing = Math.min(x[1] - x[0], y[1] - y[0]) / ARROWS_A_SIDE;
  context.strokeStyle = inks.ink;
  context.lineWidth = 1.5;
  context.globalAlpha = 0.75;
  for (const arrow of field.scores(light, timestep, evenly(x), evenly(y))) {
    const score = Math.hypot(arrow.dx, arrow.dy);
    if (score < MIN_SCORE) continue;
    const length = (0.8 * spacing * scale * score) / (score + 2); // less than the spacing, however large the score
    drawArrow(context, toX(arrow.x), toY(arrow.y), Math.atan2(-arrow.dy, arrow.dx), length);
  }
  context.globalAlpha = 1;
}

/**
 * The middles of equal parts of a range.
 *
 * @param {[number, number]} range
 */
function evenly([start, end]) {
  return Array.from({ length: ARROWS_A_SIDE }, (_, i) => start + ((i + 0.5) / ARROWS_A_SIDE) * (end - start));
}

/**
 * @param {Context} context
 * @param {number} x
 * @param {number} y
 * @param {number} angle
 * @param {number} length
 */
function drawArrow(context, x, y, angle, length) {
  const [tipX, tipY] = [x + Math.cos(angle) * length, y + Math.sin(angle) * length];
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(tipX, tipY);
  for (const turn of [2.6, -2.6]) {
    context.moveTo(tipX, tipY);
    context.lineTo(tipX + ARROW_HEAD * Math.cos(angle + turn), tipY + ARROW_HEAD * Math.sin(angle + turn));
  }
  context.stroke();
}

/**
 * Radicals of the islands with their usual names, the largest first; a name that would cover another is left out.
 *
 * @param {Context} context
 * @param {Scene} scene
 */
function drawLabels(context, { data, camera, inks }) {
  context.textAlign = "center";
  context.lineJoin = "round";
  context.font = FONT;
  context.lineWidth = 4;
  context.strokeStyle = inks.paper;
  context.fillStyle = inks.ink;
  /** @type {{ x: number, y: number, half: number }[]} */
  const taken = [];
  for (const { radical, ...place } of data.islands) {
    const [name] = radicalTitle(data.glyphs, radical).split(",");
    const label = { x: camera.toX(place.x), y: camera.toY(place.y), half: HALF_LETTER * (name.length + CHARACTER) };
    if (taken.some((other) => doLabelsOverlap(label, other))) continue;
    taken.push(label);
    context.strokeText(name, label.x, label.y + 4);
    context.fillText(name, label.x, label.y + 4);
  }
}

/**
 * @param {{ x: number, y: number, half: number }} one
 * @param {{ x: number, y: number, half: number }} other
 */
function doLabelsOverlap(one, other) {
  return Math.abs(one.x - other.x) < one.half + other.half && Math.abs(one.y - other.y) < LINE;
}

/**
 * Dark with a light rim, so that it is seen on every colour.
 *
 * @param {Context} context
 * @param {Scene} scene
 */
function drawPath(context, { data, path, camera, inks }) {
  const { points, nearest } = /** @type {import("../protocol.d.ts").PathMessage} */ (path);
  const places = points.map(([x, y]) => [camera.toX(x), camera.toY(y)]);
  const line = new Path2D();
  const dots = new Path2D();
  places.forEach(([x, y], i) => {
    const radius = i === places.length - 1 ? 6 : 2.5;
    line.lineTo(x, y);
    dots.moveTo(x + radius, y);
    dots.arc(x, y, radius, 0, 2 * Math.PI);
  });
  context.lineJoin = "round";
  strokePath(context, line, inks.paper, 5);
  strokePath(context, dots, inks.paper, 3);
  strokePath(context, line, inks.ink, 2);
  context.fillStyle = inks.ink;
  context.fill(dots);
  if (nearest !== null) drawRing(context, camera.toX(data.xs[nearest]), camera.toY(data.ys[nearest]), 13, inks.seal, 3);
}

/**
 * @param {Context} context
 * @param {Scene} scene
 */
function drawSelection(context, { data, camera, inks, selected, glyphSize }) {
  const index = /** @type {number} */ (selected);
  const radius = glyphSize ? 0.75 * glyphSize : 9;
  drawRing(context, camera.toX(data.xs[index]), camera.toY(data.ys[index]), radius, inks.seal, 3);
}

/**
 * @param {Context} context
 * @param {Path2D} shape
 * @param {string} colour
 * @param {number} width
 */
function strokePath(context, shape, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(shape);
}

/**
 * @param {Context} context
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {string} colour
 * @param {number} width
 */
function drawRing(context, x, y, radius, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}
