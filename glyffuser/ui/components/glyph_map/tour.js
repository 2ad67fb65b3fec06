/** The guided tour: stops as data, and what they change. */

import { HOME } from "./view.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./data.js").Place} Place
 *
 * @typedef {object} Stop whose text has the key `tour_<number from 1>`
 * @property {string} [island] name of the island in the centre
 * @property {number} [continent] number of the continent in the centre
 * @property {number} [half] half of what is shown, as in a view
 * @property {import("./state.js").ColourName} [colour] that of the stop before, if there is none
 * @property {import("./state.js").LayerName[]} [layers] contours or arrows, which are off otherwise
 * @property {number} [timestep] 0 if there is none
 */

/** @type {Stop[]} */
export const STOPS = [
  { colour: "layout" },
  { continent: 0, half: 1.2, colour: "layout" },
  { continent: 1, half: 1.1, colour: "layout" },
  { island: "water", half: 0.5, colour: "radical" },
  { island: "speech", half: 0.5, colour: "radical" },
  { island: "silk", half: 0.07, colour: "radical" },
  { layers: ["contours"], colour: "density" },
  { timestep: 300, half: 3.2, layers: ["contours"] },
  { timestep: 300, half: 3.2, layers: ["contours", "arrows"] },
];

/** Leads through the stops, and leaves the map as it found it. */
export class Tour {
  #state;
  #places;

  /**
   * @param {import("./state.js").MapState} state
   * @param {{ islands: Place[], continents: Place[] }} places
   */
  constructor(state, places) {
    this.#state = state;
    this.#places = places;
  }

  /** Go to the first stop. */
  begin() {
    this.#state.save();
    this.#goTo(0);
  }

  /** Go to the next stop, if there is one. */
  next() {
    this.#goBy(1);
  }

  /** Go to the stop before, if there is one. */
  back() {
    this.#goBy(-1);
  }

  /** End the tour: what it changed becomes what it was before. */
  end() {
    this.#state.restore({ tourStop: null, hovered: null });
  }

  /** @param {number} step */
  #goBy(step) {
    const { tourStop } = this.#state.current;
    if (tourStop !== null && STOPS[tourStop + step]) this.#goTo(tourStop + step);
  }

  /** @param {number} number */
  #goTo(number) {
    this.#state.set({ tourStop: number, ...changesOfStop(STOPS[number], this.#state.current, this.#places) });
  }
}

/**
 * @param {Stop} stop
 * @param {State} current
 * @param {{ islands: Place[], continents: Place[] }} places
 * @returns {Partial<State>} what a stop changes
 */
export function changesOfStop(stop, current, places) {
  const isOn = (/** @type {import("./state.js").LayerName} */ name) => (stop.layers ?? []).includes(name);
  const { x, y } = centreOf(stop, places);
  return {
    view: { x, y, half: stop.half ?? HOME.half },
    timestep: stop.timestep ?? 0,
    layers: { ...current.layers, surface: false, contours: isOn("contours"), arrows: isOn("arrows") },
    colour: stop.colour ?? current.colour,
    light: null, // it would be taken for part of the tour
    remark: null,
    hovered: null,
  };
}

/**
 * @param {Stop} stop
 * @param {{ islands: Place[], continents: Place[] }} places
 */
function centreOf({ island, continent }, { islands, continents }) {
  if (island) return islands.find(({ name }) => name === island) ?? islands[0];
  return continent === undefined ? HOME : continents[continent];
}
