/** The map of all characters: `mount` loads it into the template, and hands on messages once it is there. */

import * as density from "./density.js";
import { loadMapData } from "./data.js";
import { GlyphMap } from "./map.js";
import { MessageQueue } from "./messages.js";
import { part } from "./parts.js";
import { loadPlotly } from "./plotly_loader.js";

/**
 * @typedef {import("../protocol.d.ts").GlyphMapProps} GlyphMapProps
 *
 * @typedef {object} Host what Gradio hands to a component
 * @property {HTMLElement} element
 * @property {GlyphMapProps} props
 * @property {(name: "value", changed: () => void) => void} watch
 * @property {import("./map.js").MapParts["trigger"]} trigger
 *
 * @typedef {object} Component
 * @property {(message: GlyphMapProps["value"]) => void} update takes one message
 * @property {() => void} destroy
 * @property {typeof density} density the mathematics of the contours and arrows
 * @property {() => { xs: Float32Array, ys: Float32Array }} positions map coordinates of the characters
 * @property {(index: number) => [number, number]} at where a character lies, in pixels from the corner of the stage
 * @property {(index: number) => void} goTo show and pick a character
 */

/**
 * @param {Host} host
 * @returns {Component}
 */
export function mount({ element, props, watch, trigger }) {
  const root = /** @type {HTMLElement} */ (element.querySelector(".glyff-map"));
  const lifetime = new AbortController();
  const messages = new MessageQueue();
  /** @type {GlyphMap | null} */
  let map = null;

  const loaded = () => {
    if (!map) throw new Error("The map is not loaded yet.");
    return map;
  };

  /** @param {GlyphMapProps["value"]} message */
  const update = (message) => {
    if (message && !lifetime.signal.aborted) messages.push(message);
  };

  const load = async () => {
    map = await loadMap({ root, props, trigger, signal: lifetime.signal });
    await map.start();
    reveal(root);
    messages.open((message, wasKept) => loaded().receive(message, wasKept));
  };

  watch("value", () => update(props.value));
  update(props.value);
  load().catch((error) => {
    if (lifetime.signal.aborted) return;
    console.warn(error);
    part(root, "waiting", HTMLElement).textContent = props.text.not_loaded;
  });
  return {
    update,
    destroy: () => {
      lifetime.abort();
      map?.destroy();
    },
    density,
    positions: () => loaded().positions,
    at: (index) => loaded().at(index),
    goTo: (index) => update({ kind: "go", id: "", index }),
  };
}

/**
 * @param {Omit<import("./map.js").MapParts, "data" | "plotly" | "hasWebGL">} parts
 * @returns {Promise<GlyphMap>}
 */
async function loadMap(parts) {
  const { root, props, signal } = parts;
  const hasWebGL = testWebGL();
  const [plotly, data] = await Promise.all([loadPlotly(props.plotly_url), loadMapData(props, signal)]);
  signal.throwIfAborted();
  const surfaceBox = /** @type {HTMLInputElement} */ (root.querySelector('[data-layer="surface"]'));
  surfaceBox.disabled = !hasWebGL;
  part(root, "fallback", HTMLElement).hidden = hasWebGL;
  return new GlyphMap({ ...parts, data, plotly, hasWebGL });
}

function testWebGL() {
  const trial = document.createElement("canvas");
  return Boolean(trial.getContext("webgl2") || trial.getContext("webgl"));
}

/** @param {HTMLElement} root */
function reveal(root) {
  part(root, "waiting", HTMLElement).hidden = true;
  for (const controls of root.querySelectorAll("[inert]")) controls.removeAttribute("inert");
  root.dataset.state = "ready";
}
