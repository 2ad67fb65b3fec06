import { fill } from "../text.js";

/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("./pictures.js").View} View */
/** @typedef {import("./run_frames.js").RunState} RunState */
/** @typedef {Record<string, string>} Text sentences by key, section "frame_player" of `ui/text` */

/**
 * @typedef {object} Shown what is on the canvas
 * @property {FrameMessage} frame
 * @property {View} view
 * @property {RunState} state of the run
 * @property {boolean} isNewest whether no newer frame has arrived
 * @property {boolean} hasPicture false if the picture could not be decoded
 * @property {boolean} canHandOver whether a picked glyph is compared with real ones
 */

const BETWEEN = " · ";

/**
 * Where a frame stands in its run: "step 3 of 25".
 *
 * @param {Text} text
 * @param {FrameMessage} frame
 */
export function whereCaption(text, frame) {
  return fill(text.where, { unit: frame.unit ?? text.step, step: frame.step, num_steps: frame.num_steps });
}

/**
 * The line below the canvas.
 *
 * @param {Text} text
 * @param {Shown} shown
 */
export function frameCaption(text, shown) {
  const { frame, state } = shown;
  const example = state === "example" && fill(text.example, { label: frame.label });
  const missing = !shown.hasPicture && text.picture_missing;
  const sentences = [missing, explanation(text, shown)].filter(Boolean).join(" ");
  return [example, whereCaption(text, frame), timestepCaption(text, shown), sentences].filter(Boolean).join(BETWEEN);
}

/**
 * What the canvas shows, for those who do not see it.
 *
 * @param {Text} text
 * @param {FrameMessage} frame
 * @param {RunState} state
 */
export function canvasLabel(text, frame, state) {
  const count = frame.num_glyphs;
  const glyphs = count === 1 ? text.glyphs_one : fill(text.glyphs_many, { count });
  const what = fill(frame.label ? text.with_label : text.without_label, { glyphs, label: frame.label });
  const label = fill(text.canvas_label, { what, where: whereCaption(text, frame) });
  return state === "example" ? fill(text.example, { label: frame.label }) + BETWEEN + label : label;
}

/**
 * Which glyph is picked, or the seeds of all.
 *
 * @param {Text} text
 * @param {FrameMessage} frame
 * @param {number | null} picked
 */
export function pickedCaption(text, { seeds, names }, picked) {
  if (picked !== null) {
    const name = names ? names[picked] : fill(text.seed, { seed: seeds[picked] });
    return fill(text.picked, { number: picked + 1, name });
  }
  const [first, last] = [seeds[0], seeds[seeds.length - 1]];
  return fill(first === last ? text.seeds_one : text.seeds_many, { first, last });
}

/**
 * @param {Text} text
 * @param {FrameMessage} frame the last one of a finished run
 */
export function doneCaption(text, frame) {
  return [text.done, frame.note].filter(Boolean).join(" ");
}

/**
 * @param {Text} text
 * @param {FrameMessage} frame the last one of a run that was stopped
 */
export function stoppedCaption(text, frame) {
  return fill(text.stopped, { where: whereCaption(text, frame) });
}

/**
 * @param {Text} text
 * @param {Shown} shown
 */
function timestepCaption(text, { frame, view }) {
  const timestep = view === "x_t" ? frame.next_timestep : frame.timestep;
  if (timestep === null) return "";
  return fill(view === "x_t" ? text.timestep_x_t : text.timestep_pred_x_0, { timestep });
}

/**
 * @param {Text} text
 * @param {Shown} shown
 */
function explanation(text, { frame, view, state, isNewest, canHandOver }) {
  if (state === "stopped" && isNewest) return stoppedCaption(text, frame);
  if (frame.step === 0) return frame.beginning || text.about_noise;
  if (frame.state !== "done") return view === "x_t" ? text.about_x_t : text.about_pred_x_0;
  const pick = canHandOver && frame.num_glyphs > 1 ? text.pick_new : text.pick;
  return `${doneCaption(text, frame)} ${pick}`;
}
