/** The box below the map with the tour's text and its buttons. */

import { bringIntoView } from "../into_view.js";
import { part } from "./parts.js";
import { STOPS } from "./tour.js";

/** Shows the stop that the state names, and moves the focus along with it. */
export class TourBox {
  #view;
  #box;
  #sentence;
  #begin;
  #back;
  #next;
  #end;
  #text;
  /** @type {number | null} */
  #shown = null;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.root
   * @param {import("./tour.js").Tour} parts.tour
   * @param {Record<string, string>} parts.text
   * @param {AbortSignal} parts.signal ends the listening
   */
  constructor({ root, tour, text, signal }) {
    this.#view = part(root, "view", HTMLElement);
    this.#box = part(root, "tour-box", HTMLElement);
    this.#sentence = part(root, "tour-text", HTMLElement);
    this.#begin = part(root, "tour", HTMLButtonElement);
    this.#back = part(root, "tour-back", HTMLButtonElement);
    this.#next = part(root, "tour-next", HTMLButtonElement);
    this.#end = part(root, "tour-end", HTMLButtonElement);
    this.#text = text;
    this.#begin.addEventListener("click", () => tour.begin(), { signal });
    this.#back.addEventListener("click", () => tour.back(), { signal });
    this.#next.addEventListener("click", () => tour.next(), { signal });
    this.#end.addEventListener("click", () => tour.end(), { signal });
    this.#box.addEventListener("keydown", (event) => event.key === "Escape" && tour.end(), { signal });
  }

  /** @param {number | null} stop null while there is no tour */
  show(stop) {
    if (stop === this.#shown) return;
    this.#shown = stop;
    this.#box.hidden = stop === null;
    if (stop === null) return this.#begin.focus({ preventScroll: true });
    const isLast = stop === STOPS.length - 1;
    this.#sentence.textContent = this.#text[`tour_${stop + 1}`];
    this.#back.disabled = stop === 0;
    this.#next.hidden = isLast;
    this.#keepFocus(isLast ? this.#end : this.#next);
    bringIntoView(this.#view);
  }

  /**
   * Give a button the focus, unless another one of the box has it that can be used.
   *
   * @param {HTMLButtonElement} button
   */
  #keepFocus(button) {
    const active = document.activeElement;
    const isOurs = active instanceof HTMLButtonElement && this.#box.contains(active);
    if (!isOurs || active.disabled || active.hidden) button.focus({ preventScroll: true });
  }
}
