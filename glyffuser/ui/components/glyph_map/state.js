/** The map's state and its only owner: whatever draws the map reads `current`, whatever moves it calls `set`. */

import { HOME } from "./view.js";

/**
 * @typedef {import("./view.js").View} View
 * @typedef {import("./view.js").Size} Size
 * @typedef {import("../protocol.d.ts").PathMessage} PathMessage
 * @typedef {"points" | "contours" | "labels" | "arrows" | "path" | "surface"} LayerName
 * @typedef {Readonly<Record<LayerName, boolean>>} Layers
 * @typedef {"layout" | "radical" | "strokes" | "density"} ColourName
 * @typedef {"light" | "dark"} Theme
 *
 * @typedef {object} Light characters whose definitions are near to a prompt
 * @property {number[]} indices
 * @property {number[]} weights their shares, summing to 1
 * @property {string} label the prompt
 *
 * @typedef {object} Hovered the character whose card is shown
 * @property {number} index
 * @property {number} x of the pointer, in stage pixels
 * @property {number} y of the pointer, in stage pixels
 *
 * @typedef {object} Changeable
 * @property {View} view what part of the map is shown
 * @property {number} timestep noise level; 0 is none
 * @property {Layers} layers which are switched on
 * @property {ColourName} colour what the points' colours stand for
 * @property {ReadonlySet<number> | null} hits characters found by a search; null without a search
 * @property {Light | null} light
 * @property {PathMessage | null} path of the newest sampled glyph
 * @property {"light" | "path" | null} remark what the note below the map is about while there is no noise
 * @property {number | null} selected the character that was picked last
 * @property {Hovered | null} hovered
 * @property {number | null} tourStop number of the tour's stop; null while there is no tour
 * @property {Size} size of the stage
 * @property {Theme} theme
 *
 * @typedef {Readonly<Changeable>} State
 * @typedef {(current: State, changed: ReadonlySet<string>) => void} Listener
 */

/** @type {State} */
export const INITIAL = Object.freeze({
  view: HOME,
  timestep: 0,
  layers: Object.freeze({ points: true, contours: false, labels: true, arrows: false, path: true, surface: false }),
  colour: "layout",
  hits: null,
  light: null,
  path: null,
  remark: null,
  selected: null,
  hovered: null,
  tourStop: null,
  size: Object.freeze({ width: 0, height: 0 }),
  theme: "light",
});

/** What the tour changes, and gives back. @type {(keyof State)[]} */
const SAVED = ["view", "timestep", "layers", "colour", "light", "remark"];

/** Holds the state; each change replaces it by a new frozen object, so that parts can be compared by identity. */
export class MapState {
  #current;
  /** @type {Partial<State> | null} */
  #saved = null;
  /** @type {Set<Listener>} */
  #listeners = new Set();

  /** @param {Partial<State>} initial differences to `INITIAL` */
  constructor(initial = {}) {
    this.#current = Object.freeze({ ...INITIAL, ...initial });
  }

  /** @returns {State} */
  get current() {
    return this.#current;
  }

  /**
   * Change the state, and tell the listeners unless everything was so already.
   *
   * @param {Partial<State>} changes
   */
  set(changes) {
    const keys = /** @type {(keyof State)[]} */ (Object.keys(changes));
    const changed = keys.filter((key) => !isSame(this.#current[key], changes[key]));
    if (!changed.length) return;
    this.#current = Object.freeze({ ...this.#current, ...pick(changes, changed) });
    for (const listener of this.#listeners) listener(this.#current, new Set(changed));
  }

  /**
   * Change the state and what `save` has put aside, for changes that are to outlive the tour.
   *
   * @param {(current: State) => Partial<State>} change
   */
  apply(change) {
    if (this.#saved) {
      const changes = change({ ...this.#current, ...this.#saved });
      const kept = SAVED.filter((key) => key in changes);
      this.#saved = { ...this.#saved, ...pick(changes, kept) };
    }
    this.set(change(this.#current));
  }

  /** Put aside what the tour changes, unless that has been done. */
  save() {
    this.#saved ??= pick(this.#current, SAVED);
  }

  /**
   * Take back what was put aside.
   *
   * @param {Partial<State>} changes made at the same time
   */
  restore(changes = {}) {
    const saved = this.#saved;
    this.#saved = null;
    this.set({ ...saved, ...changes });
  }

  /**
   * @param {Listener} listener called after each change with the new state and the names of what changed
   * @returns {() => void} ends the subscription
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/**
 * The search result that is to be seen: the tour, which has colours of its own, hides it.
 *
 * @param {State} current
 * @returns {ReadonlySet<number> | null}
 */
export function visibleHits(current) {
  return current.tourStop === null ? current.hits : null;
}

/**
 * @param {Partial<State>} state
 * @param {(keyof State)[]} keys
 * @returns {Partial<State>}
 */
function pick(state, keys) {
  return Object.fromEntries(keys.map((key) => [key, state[key]]));
}

/**
 * Whether two values are equal; plain objects are, if their fields are identical.
 *
 * @param {unknown} one
 * @param {unknown} other
 */
function isSame(one, other) {
  if (Object.is(one, other)) return true;
  if (!isPlain(one) || !isPlain(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.is(one[key], other[key]));
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isPlain(value) {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
