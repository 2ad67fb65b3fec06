/** The controls around the stage: colour, layers, noise, zoom; and the legend and the notes below it. */

import { noiseText, noteText } from "./notes.js";
import { part } from "./parts.js";
import { HOME, zoomed } from "./view.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").LayerName} LayerName
 * @typedef {import("./view.js").View} View
 * @typedef {import("./state.js").ColourName} ColourName
 */

const ZOOM_A_CLICK = 0.6;

/** Shows the state in the controls, and changes it when a visitor uses them. */
export class Controls {
  #state;
  #colours;
  #field;
  #text;
  #colour;
  #boxes;
  #noise;
  #amount;
  #note;
  #legend;
  #plane;
  #surface;
  #zoom;
  /** @type {import("./colours.js").Colouring | null} what the legend explains */
  #explained = null;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.root
   * @param {import("./state.js").MapState} parts.state
   * @param {import("./colours.js").Colours} parts.colours
   * @param {import("./field.js").DensityField} parts.field
   * @param {Record<string, string>} parts.text
   * @param {AbortSignal} parts.signal ends the listening
   */
  constructor({ root, state, colours, field, text, signal }) {
    this.#state = state;
    this.#colours = colours;
    this.#field = field;
    this.#text = text;
    this.#colour = part(root, "colour", HTMLSelectElement);
    this.#boxes = layerBoxes(root);
    this.#noise = part(root, "noise", HTMLInputElement);
    this.#amount = part(root, "noise-text", HTMLElement);
    this.#note = part(root, "note", HTMLElement);
    this.#legend = part(root, "legend", HTMLElement);
    this.#plane = part(root, "plot", HTMLElement);
    this.#surface = part(root, "surface", HTMLElement);
    this.#zoom = part(root, "zoom", HTMLElement);
    this.#listen(root, signal);
  }

  /** @param {State} current */
  show(current) {
    const { colour, layers, timestep } = current;
    this.#colour.value = colour;
    for (const box of this.#boxes) box.checked = layers[layerOf(box)];
    this.#surface.hidden = !layers.surface;
    this.#plane.hidden = this.#zoom.hidden = layers.surface;
    const amount = noiseText(timestep, this.#field.alphaBar(timestep), this.#text);
    this.#noise.value = String(timestep);
    this.#noise.setAttribute("aria-valuetext", amount);
    write(this.#amount, amount);
    write(this.#note, noteText(current, this.#text));
    this.#explain(this.#colours.of(current));
  }

  /**
   * @param {HTMLElement} root
   * @param {AbortSignal} signal
   */
  #listen(root, signal) {
    this.#colour.addEventListener("change", () => this.#setColour(), { signal });
    this.#noise.addEventListener("input", () => this.#setNoise(), { signal });
    for (const box of this.#boxes) box.addEventListener("change", () => this.#setLayer(box), { signal });
    /**
     * @param {string} name
     * @param {(view: View) => View} change
     */
    const changeViewByClick = (name, change) => {
      const click = () => this.#state.set({ view: change(this.#state.current.view) });
      part(root, name, HTMLElement).addEventListener("click", click, { signal });
    };
    changeViewByClick("zoom-in", (view) => zoomed(view, ZOOM_A_CLICK));
    changeViewByClick("zoom-out", (view) => zoomed(view, 1 / ZOOM_A_CLICK));
    changeViewByClick("home", () => HOME);
  }

  #setColour() {
    this.#state.set({ colour: /** @type {ColourName} */ (this.#colour.value) });
  }

  #setNoise() {
    this.#state.set({ timestep: Number(this.#noise.value), hovered: null });
  }

  /** @param {HTMLInputElement} box */
  #setLayer(box) {
    const { layers, hovered } = this.#state.current;
    const name = layerOf(box);
    this.#state.set({
      layers: { ...layers, [name]: box.checked },
      hovered: name === "surface" ? null : hovered,
    });
  }

  /** @param {import("./colours.js").Colouring} colouring */
  #explain(colouring) {
    if (colouring === this.#explained) return;
    this.#explained = colouring;
    const entries = colouring.names.map((name, bin) => {
      const entry = document.createElement("span");
      const swatch = document.createElement("i");
      swatch.style.background = colouring.palette[bin];
      entry.append(swatch, name);
      return entry;
    });
    this.#legend.replaceChildren(...entries);
  }
}

/** @param {HTMLInputElement} box */
function layerOf(box) {
  return /** @type {LayerName} */ (box.dataset.layer);
}

/**
 * @param {HTMLElement} root
 * @returns {NodeListOf<HTMLInputElement>}
 */
function layerBoxes(root) {
  return root.querySelectorAll("input[data-layer]");
}

/**
 * Screen readers read the notes out when they change, and only then.
 *
 * @param {HTMLElement} target
 * @param {string} sentence
 */
function write(target, sentence) {
  if (target.textContent !== sentence) target.textContent = sentence;
}
