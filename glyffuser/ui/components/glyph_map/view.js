/**
 * What part of the map is shown: pure arithmetic between map coordinates (y upwards) and stage pixels (y downwards).
 *
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ width: number, height: number }} Size of the stage, in pixels
 *
 * @typedef {object} View what is shown, in map coordinates
 * @property {number} x of the centre
 * @property {number} y of the centre
 * @property {number} half half of the stage's shorter side
 *
 * @typedef {object} Camera a view on a stage of some size
 * @property {[number, number]} x left and right end, in map coordinates
 * @property {[number, number]} y lower and upper end, in map coordinates
 * @property {number} scale pixels a map unit
 * @property {(x: number) => number} toX from map coordinate to stage pixel
 * @property {(y: number) => number} toY from map coordinate to stage pixel
 * @property {(pixel: Point) => Point} toMap from stage pixels to map coordinates
 */

/** The view at first: nearly all characters; map coordinates are in standard deviations. @type {Readonly<View>} */
export const HOME = Object.freeze({ x: 0, y: 0, half: 2.15 });

const MIN_HALF = 0.03;
const MAX_HALF = 4.2;
const MAX_CENTRE = 3;
const MAX_WHEEL = 60; // pixels of one wheel event that count
const ZOOM_A_WHEEL_PIXEL = 0.004;

/** @type {Record<string, (view: View) => View>} */
const KEYS = {
  ArrowLeft: (view) => moved(view, -0.2 * view.half, 0),
  ArrowRight: (view) => moved(view, 0.2 * view.half, 0),
  ArrowUp: (view) => moved(view, 0, 0.2 * view.half),
  ArrowDown: (view) => moved(view, 0, -0.2 * view.half),
  "+": (view) => zoomed(view, 0.7),
  "=": (view) => zoomed(view, 0.7), // the key of "+" without shift
  "-": (view) => zoomed(view, 1.4),
};

/**
 * @param {View} view
 * @param {Size} size
 * @returns {Camera}
 */
export function cameraOf(view, { width, height }) {
  const scale = (Math.min(width, height) || 1) / (2 * view.half);
  const left = view.x - width / (2 * scale);
  const top = view.y + height / (2 * scale);
  return {
    x: [left, left + width / scale],
    y: [top - height / scale, top],
    scale,
    toX: (x) => (x - left) * scale,
    toY: (y) => (top - y) * scale,
    toMap: (pixel) => ({ x: left + pixel.x / scale, y: top - pixel.y / scale }),
  };
}

/**
 * Zoom about a point, which stays where it is on the stage unless the centre reaches the end of the map.
 *
 * @param {View} view
 * @param {number} factor below 1 to see less of the map
 * @param {Point} around in map coordinates
 * @returns {View}
 */
export function zoomed(view, factor, around = view) {
  const half = clamp(view.half * factor, MIN_HALF, MAX_HALF);
  const ratio = half / view.half;
  return withinMap({ x: around.x + (view.x - around.x) * ratio, y: around.y + (view.y - around.y) * ratio, half });
}

/**
 * @param {View} view
 * @param {number} dx in map coordinates
 * @param {number} dy in map coordinates
 * @returns {View}
 */
export function moved(view, dx, dy) {
  return withinMap({ x: view.x + dx, y: view.y + dy, half: view.half });
}

/**
 * Drag the map by a pointer: the place under it stays under it.
 *
 * @param {View} view
 * @param {Size} size
 * @param {Point} from pixels
 * @param {Point} to pixels
 * @returns {View}
 */
export function dragged(view, size, from, to) {
  const { scale } = cameraOf(view, size);
  return moved(view, (from.x - to.x) / scale, (to.y - from.y) / scale);
}

/**
 * Zoom by two fingers, about the middle between them.
 *
 * @param {View} view
 * @param {Size} size
 * @param {Point[]} before two pixels
 * @param {Point[]} after two pixels
 * @returns {View}
 */
export function pinched(view, size, before, after) {
  const middle = { x: (after[0].x + after[1].x) / 2, y: (after[0].y + after[1].y) / 2 };
  return zoomed(view, distance(before) / Math.max(distance(after), 1), cameraOf(view, size).toMap(middle));
}

/**
 * @param {number} deltaY of a wheel event, in pixels
 * @returns {number} factor for `zoomed`
 */
export function wheelFactor(deltaY) {
  return Math.exp(ZOOM_A_WHEEL_PIXEL * clamp(deltaY, -MAX_WHEEL, MAX_WHEEL));
}

/**
 * @param {View} view
 * @param {string} key as in a keyboard event
 * @returns {View | null} null for keys that do not move the map
 */
export function movedByKey(view, key) {
  return Object.hasOwn(KEYS, key) ? KEYS[key](view) : null;
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 * @returns {number}
 */
export function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

/**
 * @param {View} view
 * @returns {View}
 */
function withinMap(view) {
  return { ...view, x: clamp(view.x, -MAX_CENTRE, MAX_CENTRE), y: clamp(view.y, -MAX_CENTRE, MAX_CENTRE) };
}

/**
 * @param {Point[]} pair
 * @returns {number}
 */
function distance([one, other]) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
