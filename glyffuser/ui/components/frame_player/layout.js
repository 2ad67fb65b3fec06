/** Where the glyphs of a grid lie on the canvas, in canvas pixels. Pure geometry. */

/** @typedef {Pick<import("../protocol.d.ts").FrameMessage, "num_glyphs" | "columns" | "names">} Grid */

export const TILE = 128;
export const GAP = 6;
/** Height of the gap below a glyph whose name stands there. */
export const NAME_GAP = 24;

/**
 * Size of the canvas.
 *
 * @param {Grid} grid
 */
export function gridSize(grid) {
  const rows = Math.ceil(grid.num_glyphs / grid.columns);
  const height = rows * rowHeight(grid) - (grid.names ? 0 : GAP);
  return { width: grid.columns * (TILE + GAP) - GAP, height };
}

/**
 * Column and row of a glyph, and its upper left corner.
 *
 * @param {number} index
 * @param {Grid} grid
 */
export function tileAt(index, grid) {
  const column = index % grid.columns;
  const row = Math.floor(index / grid.columns);
  return { column, row, x: column * (TILE + GAP), y: row * rowHeight(grid) };
}

/**
 * Index of the glyph at a point; the gaps to the right of a glyph and below it belong to it.
 *
 * @param {number} x
 * @param {number} y
 * @param {Grid} grid
 * @returns {number | null} null where there is no glyph
 */
export function glyphAt(x, y, grid) {
  const column = Math.floor(x / (TILE + GAP));
  const row = Math.floor(y / rowHeight(grid));
  const index = row * grid.columns + column;
  const isInside = column >= 0 && column < grid.columns && row >= 0 && index < grid.num_glyphs;
  return isInside ? index : null;
}

/** @param {Grid} grid */
function rowHeight({ names }) {
  return TILE + (names ? NAME_GAP : GAP);
}
