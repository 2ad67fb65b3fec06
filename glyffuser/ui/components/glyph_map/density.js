// The forward process on the map in closed form, as glyffuser/explorer/density.py has it; a test compares the two.

const Density = (() => {
  const LIMIT = 4;

  const axis = (size) => Float64Array.from({ length: size }, (_, i) => -LIMIT + (2 * LIMIT * i) / (size - 1));
  const mixtureStd = (alphaBar, bandwidth) => Math.sqrt(1 - alphaBar + alphaBar * bandwidth * bandwidth);

  // Linear binning: each point's weight goes to the four grid points around it. Weights sum to 1 afterwards.
  function bin(xs, ys, indices, weights, size) {
    const binned = new Float64Array(size * size);
    const place = (v) => Math.min(Math.max(((v + LIMIT) / (2 * LIMIT)) * (size - 1), 0), size - 1.000001);
    let total = 0;
    for (let k = 0; k < indices.length; k++) {
      const weight = weights ? weights[k] : 1;
      const x = place(xs[indices[k]]);
      const y = place(ys[indices[k]]);
      const i = Math.floor(x);
      const j = Math.floor(y);
      const fx = x - i;
      const fy = y - j;
      binned[j * size + i] += weight * (1 - fx) * (1 - fy);
      binned[j * size + i + 1] += weight * fx * (1 - fy);
      binned[(j + 1) * size + i] += weight * (1 - fx) * fy;
      binned[(j + 1) * size + i + 1] += weight * fx * fy;
      total += weight;
    }
    return binned.map((value) => value / total);
  }

  // Rows: where the density is asked for; columns: the grid that was binned on.
  function kernels(places, size, alphaBar, bandwidth) {
    const source = axis(size);
    const spacing = source[1] - source[0];
    const std = mixtureStd(alphaBar, Math.sqrt(bandwidth * bandwidth - (spacing * spacing) / 6)); // less what binning smoothed
    const scale = Math.sqrt(alphaBar);
    const kernel = new Float64Array(places.length * size);
    const slope = new Float64Array(places.length * size); // its derivative by the place
    places.forEach((place, row) => {
      for (let column = 0; column < size; column++) {
        const offset = (scale * source[column] - place) / std;
        const value = Math.exp((-offset * offset) / 2) / (Math.sqrt(2 * Math.PI) * std);
        kernel[row * size + column] = value;
        slope[row * size + column] = (value * offset) / std;
      }
    });
    return { kernel, slope };
  }

  // left (rows x size) times binned (size x size) times the transpose of right (columns x size)
  function sandwich(left, binned, right, size) {
    const rows = left.length / size;
    const columns = right.length / size;
    const half = new Float64Array(size * columns);
    for (let j = 0; j < size; j++) {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let i = 0; i < size; i++) sum += binned[j * size + i] * right[c * size + i];
        half[j * columns + c] = sum;
      }
    }
    const result = Array.from({ length: rows }, () => new Float64Array(columns));
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < size; j++) {
        const factor = left[r * size + j];
        if (factor < 1e-12) if (factor > -1e-12) continue;
        for (let c = 0; c < columns; c++) result[r][c] += factor * half[j * columns + c];
      }
    }
    return result;
  }

  // q(x_t) on the grid itself: an array of rows along the second axis.
  function grid(binned, size, alphaBar, bandwidth) {
    const { kernel } = kernels(axis(size), size, alphaBar, bandwidth);
    return sandwich(kernel, binned, kernel, size);
  }

  // The score, the gradient of log q(x_t), at every crossing of the given places.
  function scores(binned, size, alphaBar, bandwidth, xs, ys) {
    const right = kernels(xs, size, alphaBar, bandwidth);
    const left = kernels(ys, size, alphaBar, bandwidth);
    const q = sandwich(left.kernel, binned, right.kernel, size);
    const byX = sandwich(left.kernel, binned, right.slope, size);
    const byY = sandwich(left.slope, binned, right.kernel, size);
    const arrows = [];
    ys.forEach((y, j) =>
      xs.forEach((x, i) => {
        if (q[j][i] > 1e-9) arrows.push({ x, y, dx: byX[j][i] / q[j][i], dy: byY[j][i] / q[j][i] });
      }),
    );
    return arrows;
  }

  // For every grid point the share of the mass that lies where the density is higher: 0 at the summit, 1 far out.
  function enclosed(rows) {
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

  return { LIMIT, axis, bin, grid, scores, enclosed };
})();
