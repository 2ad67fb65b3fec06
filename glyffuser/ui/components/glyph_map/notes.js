/** Sentences about what is shown. */

import { fill } from "../text.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {Record<string, string>} Text
 */

/**
 * @param {number} timestep
 * @param {number} alphaBar share of the variance that is signal
 * @param {Text} text
 * @returns {string} how much noise there is
 */
export function noiseText(timestep, alphaBar, text) {
  const share = (100 * alphaBar).toFixed(alphaBar < 0.1 ? 2 : 0);
  return fill(timestep ? text.noise_amount : text.noise_none, { timestep, share });
}

/**
 * @param {State} current
 * @param {Text} text
 * @returns {string} what the map shows just now
 */
export function noteText(current, text) {
  const { layers, timestep } = current;
  const sentences = [timestep ? text.note_noisy : cleanNote(current, text)];
  if (layers.surface) sentences.push(text.note_surface);
  else if (layers.arrows) sentences.push(text.note_arrows);
  return sentences.join(" ");
}

/**
 * @param {State} current
 * @param {Text} text
 */
function cleanNote({ remark, light, path }, text) {
  if (remark === "light" && light) return fill(text.note_light, { label: light.label });
  if (remark !== "path" || !path) return text.note_clean;
  return fill(path.label ? text.note_path_labelled : text.note_path, { label: path.label });
}
