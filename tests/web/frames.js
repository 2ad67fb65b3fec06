/** Frames of made-up runs, for tests of the frame player. */

/** @typedef {import("../../glyffuser/ui/components/protocol.d.ts").FrameMessage} FrameMessage */

/**
 * A frame in the middle of a run of four glyphs.
 *
 * @param {Partial<FrameMessage>} [fields] that differ
 * @returns {FrameMessage}
 */
export function makeFrame(fields = {}) {
  return {
    run: "a",
    state: "running",
    step: 3,
    num_steps: 10,
    timestep: 700,
    next_timestep: 600,
    x_t: "data:x_t",
    pred_x_0: "data:pred_x_0",
    num_glyphs: 4,
    columns: 2,
    seeds: [7, 8, 9, 10],
    label: "gold",
    ...fields,
  };
}

/**
 * The frames of a run that a throttle let through.
 *
 * @param {string} run
 * @param {number[]} steps in order; a step of 10 is the last one
 */
export function makeRun(run, steps) {
  return steps.map((step) => makeFrame({ run, step, ...(step === 10 ? doneFields(run) : {}) }));
}

/**
 * What the last frame of a run has beside the others.
 *
 * @param {string} run
 * @returns {Partial<FrameMessage>}
 */
export function doneFields(run) {
  const names = ["grid", "0", "1", "2", "3"];
  return {
    state: "done",
    step: 10,
    downloads: names.map((name) => `data:${run}-${name}`),
    download_names: names.map((name) => `${name}.png`),
    note: "",
    query: "prompt=gold&seed=7",
  };
}
