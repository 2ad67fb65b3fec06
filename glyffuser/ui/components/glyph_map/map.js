/** The loaded map: its parts, and how they act on one another. */

import { bringIntoView } from "../into_view.js";
import { Card } from "./card.js";
import { Colours } from "./colours.js";
import { Controls } from "./controls.js";
import { DensityField } from "./field.js";
import { FrameScheduler } from "./frame_scheduler.js";
import { Gestures } from "./gestures.js";
import { changesOf, isNewPath } from "./messages.js";
import { Overlay } from "./overlay.js";
import { part } from "./parts.js";
import { Plot } from "./plot.js";
import { SpatialIndex } from "./spatial_index.js";
import { Sprites, loadPage } from "./sprites.js";
import { MapState } from "./state.js";
import { Tour } from "./tour.js";
import { TourBox } from "./tour_box.js";
import { cameraOf } from "./view.js";

/**
 * @typedef {import("../protocol.d.ts").GlyphMapProps} GlyphMapProps
 * @typedef {import("../protocol.d.ts").CharacterPicked} CharacterPicked
 *
 * @typedef {object} MapParts
 * @property {HTMLElement} root the template's outermost element
 * @property {GlyphMapProps} props
 * @property {import("./data.js").MapData} data
 * @property {import("./plotly.d.ts").PlotlyApi} plotly
 * @property {boolean} hasWebGL
 * @property {(name: "select", data: CharacterPicked) => void} trigger
 * @property {AbortSignal} signal ends the listening
 */

/**
 * Messages, gestures, controls and the tour change the state; each change of the state updates the controls at once and
 * has the plot and the overlay drawn in the next frame.
 */
export class GlyphMap {
  #root;
  #stage;
  #data;
  #trigger;
  #state;
  #sprites;
  #plot;
  #overlay;
  #card;
  #controls;
  #tourBox;
  #signal;
  #frames = new FrameScheduler(() => this.#draw());
  #resizeObserver = new ResizeObserver(() => this.#resize());
  #themeObserver = new MutationObserver(() => this.#state.set({ theme: this.#theme }));

  /** @param {MapParts} parts */
  constructor({ root, props, data, plotly, hasWebGL, trigger, signal }) {
    const { text } = props;
    this.#root = root;
    this.#stage = part(root, "stage", HTMLElement);
    this.#data = data;
    this.#trigger = trigger;
    this.#signal = signal;
    const state = (this.#state = new MapState({ theme: this.#theme, size: this.#size }));
    const field = new DensityField(data, props);
    const colours = new Colours(data.glyphs, () => field.ranks(), text);
    const sprites = (this.#sprites = this.#createSprites(props, signal));
    const [plane, surface] = [part(root, "plot", HTMLElement), part(root, "surface", HTMLElement)];
    const canvas = part(root, "overlay", HTMLCanvasElement);
    this.#plot = new Plot({ plotly, plane, surface, positions: data, field, colours, hasWebGL });
    this.#overlay = new Overlay({ canvas, data, field, colours, sprites, maxGlyphSize: props.tile_size });
    this.#card = new Card({ root, glyphs: data.glyphs, sprites, text });
    this.#controls = new Controls({ root, state, colours, field, text, signal });
    this.#tourBox = new TourBox({ root, tour: new Tour(state, data), text, signal });
    this.#listen(signal);
  }

  /** Draw the map for the first time, and keep it drawn. */
  async start() {
    this.#root.dataset.points = String(this.#plot.numPoints);
    this.#controls.show(this.#state.current);
    this.#publish();
    await this.#draw();
    this.#signal.throwIfAborted();
    this.#state.subscribe((current, changed) => this.#show(current, changed));
    this.#resizeObserver.observe(this.#stage);
    this.#themeObserver.observe(document.body, { attributeFilter: ["class"] });
  }

  /**
   * Take a message, and show the map if the message is the answer to a tap elsewhere.
   *
   * @param {import("./messages.js").Message} message
   * @param {boolean} [wasKept] whether it came before the map was loaded
   */
  receive(message, wasKept = false) {
    const isAnswer = message.kind === "light" || (message.kind === "path" && isNewPath(message, this.#state.current));
    this.#state.apply((current) => changesOf(message, current, this.#data));
    if (message.kind === "go") this.#pick(message.index);
    if (message.kind === "go" || (isAnswer && !wasKept)) bringIntoView(this.#stage, isPhone() ? "start" : "nearest");
  }

  /** Map coordinates of the characters. */
  get positions() {
    return { xs: this.#data.xs, ys: this.#data.ys };
  }

  /**
   * @param {number} index
   * @returns {[number, number]} where a character lies, in pixels from the outer corner of the stage's border
   */
  at(index) {
    const { toX, toY } = cameraOf(this.#state.current.view, this.#state.current.size);
    const { clientLeft, clientTop } = this.#stage;
    return [clientLeft + toX(this.#data.xs[index]), clientTop + toY(this.#data.ys[index])];
  }

  /** Stop everything, and free what was loaded. */
  destroy() {
    this.#frames.stop();
    this.#resizeObserver.disconnect();
    this.#themeObserver.disconnect();
    this.#sprites.close();
    this.#plot.purge();
  }

  /**
   * @param {GlyphMapProps} props
   * @param {AbortSignal} signal
   */
  #createSprites({ map_url, tile_size, tiles_a_side }, signal) {
    return new Sprites({
      tiles: this.#data.tiles,
      tileSize: tile_size,
      tilesASide: tiles_a_side,
      load: (page) => loadPage(map_url, page, signal),
      onReady: () => {
        this.#card.draw();
        this.#frames.request();
      },
    });
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    new Gestures({
      stage: this.#stage,
      state: this.#state,
      index: new SpatialIndex(this.#data.xs, this.#data.ys),
      glyphSize: () => this.#overlay.glyphSize,
      pick: (index) => this.#pick(index),
      signal,
    });
  }

  /**
   * @param {import("./state.js").State} current
   * @param {ReadonlySet<string>} changed
   */
  #show(current, changed) {
    if (changed.has("hovered")) this.#card.show(current.hovered, current.size);
    if (changed.has("hovered") && changed.size === 1) return;
    this.#controls.show(current);
    this.#tourBox.show(current.tourStop);
    this.#publish();
    this.#frames.request();
  }

  async #draw() {
    if (!this.#stage.clientWidth) return; // hidden; the observer has it drawn when it is shown again
    const start = performance.now();
    const { dataset } = this.#root;
    const { current } = this.#state;
    const timestep = String(current.timestep);
    this.#overlay.draw(current);
    try {
      await this.#plot.draw(current);
    } finally {
      if (dataset.timestep !== timestep) dataset.noiseMs = (performance.now() - start).toFixed(1);
      dataset.timestep = timestep;
      dataset.drawn = this.#overlay.glyphSize ? "glyphs" : "dots";
    }
  }

  #resize() {
    if (!this.#stage.clientWidth) return;
    this.#state.set({ size: this.#size });
    this.#frames.request();
  }

  /** @param {number} index */
  #pick(index) {
    this.#state.set({ selected: index });
    this.#publish();
    this.#trigger("select", { action: "show", index });
  }

  /** Attributes that tell tests and style sheets what the map shows. */
  #publish() {
    const { hits, light, path, tourStop, selected } = this.#state.current;
    const { dataset } = this.#root;
    dataset.hits = hits ? String(hits.size) : "";
    dataset.lit = light ? String(light.indices.length) : "";
    dataset.path = path ? String(path.points.length) : "";
    dataset.tour = tourStop === null ? "" : String(tourStop);
    dataset.selected = selected === null ? "" : String(selected);
  }

  /** @returns {import("./state.js").Theme} */
  get #theme() {
    return this.#root.closest(".dark") ? "dark" : "light";
  }

  /** The stage without its border. */
  get #size() {
    return { width: this.#stage.clientWidth, height: this.#stage.clientHeight };
  }
}

/** Whether the picked character comes as a sheet from below, as in page.css; the map is shown above it. */
function isPhone() {
  return window.matchMedia("(max-width: 640px)").matches;
}
