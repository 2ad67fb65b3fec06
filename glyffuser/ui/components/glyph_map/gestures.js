/** Pointers, wheel and keys on the stage, turned into changes of the state. */

import { visibleHits } from "./state.js";
import { cameraOf, dragged, movedByKey, pinched, wheelFactor, zoomed } from "./view.js";

/** @typedef {import("./view.js").Point} Point */

const CLICK_PIXELS = 5; // a pointer that moved farther has dragged
const REACH = 10; // pixels between a pointer and the point that it means
const TOUCH_REACH = 20;

/** Listens on the stage. */
export class Gestures {
  #stage;
  #state;
  #index;
  #glyphSize;
  #pick;
  /** @type {Map<number, Point>} pressed pointers by id, in stage pixels */
  #pointers = new Map();
  #path = 0; // pixels that the pressed pointer has moved

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.stage
   * @param {import("./state.js").MapState} parts.state
   * @param {import("./spatial_index.js").SpatialIndex} parts.index of the characters
   * @param {() => number} parts.glyphSize side of the glyphs that are drawn in place of points, 0 while points are
   * @param {(index: number) => void} parts.pick called with the character that was picked
   * @param {AbortSignal} parts.signal ends the listening
   */
  constructor({ stage, state, index, glyphSize, pick, signal }) {
    this.#stage = stage;
    this.#state = state;
    this.#index = index;
    this.#glyphSize = glyphSize;
    this.#pick = pick;
    stage.addEventListener("pointerdown", (event) => this.#press(event), { signal });
    stage.addEventListener("pointermove", (event) => this.#move(event), { signal });
    stage.addEventListener("pointerup", (event) => this.#release(event), { signal });
    stage.addEventListener("pointercancel", (event) => this.#pointers.delete(event.pointerId), { signal });
    stage.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.#hover(null), { signal });
    stage.addEventListener("keydown", (event) => this.#key(event), { signal });
    stage.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const isOnControl = event.target instanceof Element && event.target.closest("button, .glyff-map-tour");
    if (this.#state.current.layers.surface || event.button || isOnControl) return;
    this.#pointers.set(event.pointerId, this.#pixelOf(event));
    this.#path = 0;
    this.#stage.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerType === "mouse" && !event.buttons) this.#pointers.delete(event.pointerId); // released elsewhere
    const pixel = this.#pixelOf(event);
    const from = this.#pointers.get(event.pointerId);
    if (!from) return this.#hover(this.#find(pixel, event.pointerType), pixel);
    const before = [...this.#pointers.values()];
    this.#pointers.set(event.pointerId, pixel);
    const { view, size } = this.#state.current;
    if (this.#pointers.size > 1) {
      this.#path = Infinity;
      this.#state.set({ view: pinched(view, size, before, [...this.#pointers.values()]), hovered: null });
    } else {
      this.#path += Math.hypot(pixel.x - from.x, pixel.y - from.y);
      if (this.#path >= CLICK_PIXELS) this.#state.set({ view: dragged(view, size, from, pixel), hovered: null });
    }
  }

  /** @param {PointerEvent} event */
  #release(event) {
    const isClick = this.#pointers.has(event.pointerId) && this.#pointers.size === 1 && this.#path < CLICK_PIXELS;
    this.#pointers.delete(event.pointerId);
    if (isClick) this.#pickAt(this.#pixelOf(event), event.pointerType);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.#stage) return;
    const { view, size } = this.#state.current;
    const moved = movedByKey(view, event.key);
    if (moved) this.#state.set({ view: moved });
    else if (event.key === "Enter") this.#pickAt({ x: size.width / 2, y: size.height / 2 }, "touch");
    else if (event.key === "Escape") this.#hover(null);
    else return;
    event.preventDefault();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    const { layers, view, size } = this.#state.current;
    if (layers.surface) return;
    event.preventDefault();
    const around = cameraOf(view, size).toMap(this.#pixelOf(event));
    this.#state.set({ view: zoomed(view, wheelFactor(event.deltaY), around) });
  }

  /**
   * @param {Point} pixel
   * @param {string} pointerType
   */
  #pickAt(pixel, pointerType) {
    const index = this.#find(pixel, pointerType);
    this.#hover(index, pixel);
    if (index !== null) this.#pick(index);
  }

  /**
   * @param {number | null} index
   * @param {Point} [pixel]
   */
  #hover(index, pixel = { x: 0, y: 0 }) {
    this.#state.set({ hovered: index === null ? null : { index, ...pixel } });
  }

  /**
   * The character at a place of the stage, if characters are to be seen.
   *
   * @param {Point} pixel
   * @param {string} pointerType
   */
  #find(pixel, pointerType) {
    const { view, size, layers, timestep } = this.#state.current;
    if (timestep > 0 || layers.surface) return null;
    const camera = cameraOf(view, size);
    const reach = this.#glyphSize() / 2 || (pointerType === "touch" ? TOUCH_REACH : REACH);
    const hits = visibleHits(this.#state.current);
    return this.#index.nearest(camera.toMap(pixel), reach / camera.scale, hits && ((index) => hits.has(index)));
  }

  /**
   * Place of an event in the stage, which has a border.
   *
   * @param {MouseEvent} event
   * @returns {Point}
   */
  #pixelOf({ clientX, clientY }) {
    const { left, top } = this.#stage.getBoundingClientRect();
    return { x: clientX - left - this.#stage.clientLeft, y: clientY - top - this.#stage.clientTop };
  }
}
