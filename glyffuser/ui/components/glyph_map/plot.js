/**
 * What Plotly draws: points in their colours and contours, or the density as a surface.
 *
 * `draw` brings all of it in line with a state. Each part remembers what it was drawn from and is left alone while that
 * is the same; a part that Plotly refused is tried again at the next draw.
 */

import * as density from "./density.js";
import { inksOf } from "./colours.js";
import { GRID } from "./field.js";
import { visibleHits } from "./state.js";
import { cameraOf } from "./view.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./plotly.d.ts").PlotlyApi} PlotlyApi
 */

const POINTS = 0; // trace numbers
const CONTOURS = 1;
const STEP_WITHOUT_WEBGL = 5; // every fifth point is drawn, as SVG
/** @type {unknown[]} */
const NO_CONTOURS = []; // inputs of contours that are switched off
const NO_MARGIN = { l: 0, r: 0, t: 0, b: 0 };
const TRANSPARENT = "rgba(0,0,0,0)";

/** The plane with points and contours, and the surface in 3-D; one of them is to be seen. */
export class Plot {
  #plotly;
  #plane;
  #surface;
  #xs;
  #ys;
  #field;
  #colours;
  #hasWebGL;
  #drawn;
  #isPurged = false;
  /** @type {Map<string, unknown[]>} what each part was drawn from */
  #inputs = new Map();

  /**
   * @param {object} parts
   * @param {PlotlyApi} parts.plotly
   * @param {HTMLElement} parts.plane
   * @param {HTMLElement} parts.surface
   * @param {{ xs: Float32Array, ys: Float32Array }} parts.positions
   * @param {import("./field.js").DensityField} parts.field
   * @param {import("./colours.js").Colours} parts.colours
   * @param {boolean} parts.hasWebGL
   */
  constructor({ plotly, plane, surface, positions, field, colours, hasWebGL }) {
    this.#plotly = plotly;
    this.#plane = plane;
    this.#surface = surface;
    this.#xs = positions.xs;
    this.#ys = positions.ys;
    this.#field = field;
    this.#colours = colours;
    this.#hasWebGL = hasWebGL;
    this.#drawn = Uint32Array.from(positions.xs.keys()).filter((i) => hasWebGL || i % STEP_WITHOUT_WEBGL === 0);
  }

  /** How many points are drawn. */
  get numPoints() {
    return this.#drawn.length;
  }

  /**
   * @param {State} current
   * @returns {Promise<void>} rejected if Plotly refused a part; the others are drawn nevertheless
   */
  async draw(current) {
    if (this.#isPurged) return;
    if (current.layers.surface) return this.#drawSurface(current);
    await this.#once("plane", [], () => this.#makePlane(current));
    if (this.#isPurged) return;
    const parts = [this.#drawPoints(current), this.#drawContours(current), this.#drawView(current)];
    const failed = (await Promise.allSettled(parts)).find((part) => part.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** Free what Plotly holds. */
  purge() {
    this.#isPurged = true;
    this.#plotly.purge(this.#plane);
    this.#plotly.purge(this.#surface);
  }

  /** @param {State} current */
  async #makePlane(current) {
    const marker = { size: 3, opacity: 0.8, ...this.#pointColours(current) };
    const points = {
      type: this.#hasWebGL ? "scattergl" : "scatter",
      mode: "markers",
      x: Float32Array.from(this.#drawn, (i) => this.#xs[i]),
      y: Float32Array.from(this.#drawn, (i) => this.#ys[i]),
      marker,
      hoverinfo: "skip",
      visible: arePointsVisible(current),
    };
    this.#inputs.set("points", this.#pointInputs(current));
    this.#inputs.set("contours", NO_CONTOURS);
    this.#inputs.set("view", viewInputs(current));
    const config = { staticPlot: true, responsive: false };
    await this.#plotly.newPlot(this.#plane, [points, hiddenContours()], planeLayout(current), config);
    if (this.#isPurged) this.#plotly.purge(this.#plane);
  }

  /** @param {State} current */
  #drawPoints(current) {
    return this.#once("points", this.#pointInputs(current), () => {
      const colours = Object.entries(this.#pointColours(current)).map(([key, value]) => [`marker.${key}`, [value]]);
      const changes = { ...Object.fromEntries(colours), visible: arePointsVisible(current) };
      return this.#plotly.restyle(this.#plane, changes, [POINTS]);
    });
  }

  /** @param {State} current */
  #pointInputs(current) {
    return [this.#colours.of(current), visibleHits(current), arePointsVisible(current), current.theme];
  }

  /**
   * Bins as colours; while there is a search result, which the overlay draws, grey.
   *
   * @param {State} current
   */
  #pointColours(current) {
    const { palette, bins } = this.#colours.of(current);
    const steps = palette.flatMap((colour, i) => [[i / palette.length, colour], [(i + 1) / palette.length, colour]]);
    return {
      color: visibleHits(current) ? inksOf(this.#plane).line : Array.from(this.#drawn, (i) => bins[i]),
      colorscale: steps,
      cmin: -0.5,
      cmax: palette.length - 0.5,
    };
  }

  /** @param {State} current */
  #drawContours({ layers, timestep, light, theme }) {
    if (!layers.contours) {
      const hide = () => this.#plotly.restyle(this.#plane, { visible: false }, [CONTOURS]);
      return this.#once("contours", NO_CONTOURS, hide);
    }
    return this.#once("contours", [timestep, light, theme], () => {
      const { ink, seal } = inksOf(this.#plane);
      const z = density.enclosed(this.#field.density(light, timestep));
      return this.#plotly.restyle(this.#plane, { z: [z], visible: true, "line.color": light ? seal : ink }, [CONTOURS]);
    });
  }

  /** @param {State} current */
  #drawView(current) {
    return this.#once("view", viewInputs(current), () => {
      const { x, y } = cameraOf(current.view, current.size);
      return this.#plotly.relayout(this.#plane, { "xaxis.range": x, "yaxis.range": y, ...current.size });
    });
  }

  /** @param {State} current */
  #drawSurface({ timestep, light, size }) {
    return this.#once("surface", [timestep, light, size], () => {
      const side = density.axis(GRID);
      const z = this.#field.density(light, timestep);
      const trace = { type: "surface", x: side, y: side, z, colorscale: "Cividis", showscale: false };
      const config = { displayModeBar: false, responsive: false };
      return this.#plotly.react(this.#surface, [{ ...trace, hoverinfo: "skip" }], surfaceLayout(size), config);
    });
  }

  /**
   * Draw a part, unless it was drawn from the same inputs.
   *
   * @param {string} part
   * @param {unknown[]} inputs
   * @param {() => Promise<unknown>} draw
   */
  async #once(part, inputs, draw) {
    const before = this.#inputs.get(part);
    if (before && before.length === inputs.length && before.every((input, i) => Object.is(input, inputs[i]))) return;
    this.#inputs.set(part, inputs);
    try {
      await draw();
    } catch (error) {
      this.#inputs.delete(part);
      throw error;
    }
  }
}

/**
 * With noise the overlay draws the points.
 *
 * @param {State} current
 */
function arePointsVisible({ layers, timestep }) {
  return layers.points && timestep === 0;
}

/** @param {State} current */
function viewInputs({ view, size }) {
  return [view, size];
}

function hiddenContours() {
  return {
    type: "contour",
    x: density.axis(GRID),
    y: density.axis(GRID),
    z: [],
    visible: false,
    showscale: false,
    hoverinfo: "skip",
    autocontour: false,
    contours: { start: 0.1, end: 0.9, size: 0.2, coloring: "none" },
    line: { width: 1.5, smoothing: 0.8 },
  };
}

/** @param {State} current */
function planeLayout({ view, size }) {
  const { x, y } = cameraOf(view, size);
  const hidden = { visible: false, fixedrange: true };
  return {
    ...size,
    margin: NO_MARGIN,
    paper_bgcolor: TRANSPARENT,
    plot_bgcolor: TRANSPARENT,
    showlegend: false,
    xaxis: { ...hidden, range: x },
    yaxis: { ...hidden, range: y },
  };
}

/** @param {import("./view.js").Size} size */
function surfaceLayout(size) {
  const hidden = { visible: false };
  return {
    ...size,
    margin: NO_MARGIN,
    paper_bgcolor: TRANSPARENT,
    uirevision: "kept", // the visitor's camera stays when the density changes
    scene: {
      xaxis: { ...hidden, range: [-3, 3] },
      yaxis: { ...hidden, range: [-3, 3] },
      zaxis: hidden,
      aspectratio: { x: 1.4, y: 1.4, z: 0.6 },
      camera: { eye: { x: 0.2, y: -1.65, z: 1.15 }, center: { x: 0, y: 0, z: -0.2 } }, // from the south
    },
  };
}
