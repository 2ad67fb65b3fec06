/**
 * The forward process on the map in closed form, as `glyffuser/map/density.py` has it; a test compares the two.
 *
 * With x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise and a Gaussian kernel of standard deviation `bandwidth`
 * around every point, q(x_t) is a mixture of Gaussians of variance 1 - alpha_bar + alpha_bar bandwidth^2. The points
 * are binned on a square grid first, from -LIMIT to LIMIT a side, one row for each y.
 *
 * @typedef {{ x: number, y: number, dx: number, dy: number }} Arrow a vector (dx, dy) at a place (x, y)
 */

/** The grid reaches so far from the origin, in map units. */
export const LIMIT = 4;

/**
 * @param {number} size
 * @returns {Float64Array} coordinates of the grid's rows and columns
 */
export function axis(size) {
  return Float64Array.from({ length: size }, (_, i) => -LIMIT + (2 * LIMIT * i) / (size - 1));
}

/**
 * Linear binning: each point's weight goes to the four grid points around it.
 *
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys
 * @param {ArrayLike<number>} indices points that are counted
 * @param {ArrayLike<number> | null} weights one an index; null for equal ones
 * @param {number} size grid points a side
 * @returns {Float64Array} (size * size), row by row, sums to 1
 */
export function bin(xs, ys, indices, weights, size) {
  const binned = new Float64Array(size * size);
  let total = 0;
  for (let k = 0; k < indices.length; k++) {
    const weight = weights ? weights[k] : 1;
    const x = gridPosition(xs[indices[k]], size);
    const y = gridPosition(ys[indices[k]], size);
    const [i, j] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [x - i, y - j];
    binned[j * size + i] += weight * (1 - fx) * (1 - fy);
    binned[j * size + i + 1] += weight * fx * (1 - fy);
    binned[(j + 1) * size + i] += weight * (1 - fx) * fy;
    binned[(j + 1) * size + i + 1] += weight * fx * fy;
    total += weight;
  }
  return binned.map((value) => value / total);
}

/**
 * The density q(x_t) on the grid.
 *
 * @param {Float64Array} binned from `bin`
 * @param {number} size
 * @param {number} alphaBar
 * @param {number} bandwidth
 * @returns {Float64Array[]} rows
 */
export function grid(binned, size, alphaBar, bandwidth) {
  const { kernel } = kernels(axis(size), size, alphaBar, bandwidth);
  return sandwich(kernel, binned, kernel, size);
}

/**
 * The score, the gradient of log q(x_t), at every crossing of the given coordinates where the density is not 0.
 *
 * @param {Float64Array} binned from `bin`
 * @param {number} size
 * @param {number} alphaBar
 * @param {number} bandwidth
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys
 * @returns {Arrow[]}
 */
export function scores(binned, size, alphaBar, bandwidth, xs, ys) {
  const right = kernels(xs, size, alphaBar, bandwidth);
  const left = kernels(ys, size, alphaBar, bandwidth);
  const q = sandwich(left.kernel, binned, right.kernel, size);
  const byX = sandwich(left.kernel, binned, right.slope, size);
  const byY = sandwich(left.slope, binned, right.kernel, size);
  const arrows = [];
  for (let j = 0; j < ys.length; j++) {
    for (let i = 0; i < xs.length; i++) {
      if (q[j][i] > 1e-9) arrows.push({ x: xs[i], y: ys[j], dx: byX[j][i] / q[j][i], dy: byY[j][i] / q[j][i] });
    }
  }
  return arrows;
}

/**
 * For every grid point the share of the mass that lies where the density is higher: near 0 at the summit, 1 far out.
 *
 * @param {Float64Array[]} rows from `grid`
 * @returns {Float64Array[]}
 */
export function enclosed(rows) {
  const size = rows.length;
  const flat = new Float64Array(size * size);
  rows.forEach((row, j) => flat.set(row, j * size));
  const order = Uint32Array.from(flat.keys()).sort((a, b) => flat[b] - flat[a]);
  const total = flat.reduce((sum, value) => sum + value, 0);
  const result = rows.map(() => new Float64Array(size));
  let sum = 0;
  for (const index of order) {
    sum += flat[index];
    result[Math.floor(index / size)][index % size] = sum / total;
  }
  return result;
}

/**
 * The value of the grid point nearest to a place.
 *
 * @param {Float64Array[]} rows
 * @param {number} x
 * @param {number} y
 * @returns {number}
 */
export function valueAt(rows, x, y) {
  const size = rows.length;
  return rows[Math.round(gridPosition(y, size))][Math.round(gridPosition(x, size))];
}

/**
 * Position on the grid, in grid points, never on its last row.
 *
 * @param {number} value
 * @param {number} size
 */
function gridPosition(value, size) {
  return Math.min(Math.max(((value + LIMIT) / (2 * LIMIT)) * (size - 1), 0), size - 1.000001);
}

/**
 * Gaussian kernels along one axis and their derivatives by the place.
 *
 * @param {ArrayLike<number>} places where the density is asked for; rows of the result
 * @param {number} size of the grid that was binned on; columns of the result
 * @param {number} alphaBar
 * @param {number} bandwidth
 * @returns {{ kernel: Float64Array, slope: Float64Array }} (places * size), row by row
 */
function kernels(places, size, alphaBar, bandwidth) {
  const source = axis(size);
  const spacing = source[1] - source[0];
  const unbinned = bandwidth * bandwidth - (spacing * spacing) / 6; // less the variance that linear binning added
  const std = Math.sqrt(1 - alphaBar + alphaBar * unbinned);
  const kernel = new Float64Array(places.length * size);
  const slope = new Float64Array(places.length * size);
  for (let row = 0; row < places.length; row++) {
    for (let column = 0; column < size; column++) {
      const offset = (Math.sqrt(alphaBar) * source[column] - places[row]) / std;
      const value = Math.exp((-offset * offset) / 2) / (Math.sqrt(2 * Math.PI) * std);
      kernel[row * size + column] = value;
      slope[row * size + column] = (value * offset) / std;
    }
  }
  return { kernel, slope };
}

/**
 * The matrix product left (rows x size), binned (size x size), transpose of right (columns x size).
 *
 * @param {Float64Array} left
 * @param {Float64Array} binned
 * @param {Float64Array} right
 * @param {number} size
 * @returns {Float64Array[]} rows
 */
function sandwich(left, binned, right, size) {
  const columns = right.length / size;
  const half = timesTransposed(binned, right, size);
  return Array.from({ length: left.length / size }, (_, r) => {
    const row = new Float64Array(columns);
    for (let j = 0; j < size; j++) {
      const factor = left[r * size + j];
      if (Math.abs(factor) < 1e-12) continue;
      for (let c = 0; c < columns; c++) row[c] += factor * half[j * columns + c];
    }
    return row;
  });
}

/**
 * binned (size x size) times the transpose of right (columns x size).
 *
 * @param {Float64Array} binned
 * @param {Float64Array} right
 * @param {number} size
 */
function timesTransposed(binned, right, size) {
  const columns = right.length / size;
  const product = new Float64Array(size * columns);
  for (let j = 0; j < size; j++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += binned[j * size + i] * right[c * size + i];
      product[j * columns + c] = sum;
    }
  }
  return product;
}
