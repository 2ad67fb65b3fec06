/** Which point is nearest to a place: points lie in the cells of a grid, and only cells within reach are searched. */

const CELL = 0.05; // side of a cell in map units
const COLUMN = 4096; // keys a column of cells; more than a map 8 units high has cells
const PREFERENCE = 4; // a point that is not preferred counts as so many times farther off

/** Index of points in the plane; it never changes. */
export class SpatialIndex {
  #xs;
  #ys;
  /** @type {Map<number, number[]>} */
  #cells = new Map();

  /**
   * @param {Float32Array} xs
   * @param {Float32Array} ys
   */
  constructor(xs, ys) {
    this.#xs = xs;
    this.#ys = ys;
    xs.forEach((x, index) => {
      const key = keyOf(cellOf(x), cellOf(ys[index]));
      const cell = this.#cells.get(key);
      if (cell) cell.push(index);
      else this.#cells.set(key, [index]);
    });
  }

  /**
   * @param {import("./view.js").Point} place
   * @param {number} reach no point farther off than this is taken
   * @param {((index: number) => boolean) | null} isPreferred points to be taken rather than others beside them
   * @returns {number | null} index of the point; null if none is within reach
   */
  nearest(place, reach, isPreferred = null) {
    let best = null;
    let least = Infinity;
    for (const index of this.#around(place, reach)) {
      const distance = Math.hypot(this.#xs[index] - place.x, this.#ys[index] - place.y);
      const cost = isPreferred && !isPreferred(index) ? PREFERENCE * distance : distance;
      if (distance <= reach && cost < least) [best, least] = [index, cost];
    }
    return best;
  }

  /**
   * @param {import("./view.js").Point} place
   * @param {number} reach
   * @returns {Generator<number>}
   */
  *#around({ x, y }, reach) {
    for (let column = cellOf(x - reach); column <= cellOf(x + reach); column++) {
      for (let row = cellOf(y - reach); row <= cellOf(y + reach); row++) {
        yield* this.#cells.get(keyOf(column, row)) ?? [];
      }
    }
  }
}

/** @param {number} coordinate */
function cellOf(coordinate) {
  return Math.floor(coordinate / CELL);
}

/**
 * @param {number} column
 * @param {number} row
 */
function keyOf(column, row) {
  return column * COLUMN + row;
}
