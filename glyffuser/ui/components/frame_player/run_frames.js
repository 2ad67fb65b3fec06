/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {"idle" | "running" | "done" | "stopped" | "example"} RunState */

/** Frames of the current run in order of their steps, and the state of that run. Steps may be missing. */
export class RunFrames {
  /** @type {FrameMessage[]} */
  #frames = [];
  /** @type {RunState} */
  #state = "idle";
  #run = "";
  /**
   * Runs that are over; their later frames are dropped.
   *
   * @type {Set<string>}
   */
  #endedRuns = new Set();

  /** Id of the run; "" before the first one. */
  get run() {
    return this.#run;
  }

  get state() {
    return this.#state;
  }

  get count() {
    return this.#frames.length;
  }

  /** @returns {FrameMessage | undefined} */
  get first() {
    return this.#frames[0];
  }

  /** @returns {FrameMessage | undefined} */
  get newest() {
    return this.#frames.at(-1);
  }

  /**
   * @param {number} index
   * @returns {FrameMessage | undefined}
   */
  at(index) {
    return this.#frames[index];
  }

  /** A copy of the list. */
  all() {
    return [...this.#frames];
  }

  /**
   * Index of the newest frame at or before a step; 0 if every frame is later.
   *
   * @param {number} step
   */
  indexAtStep(step) {
    const next = this.#frames.findIndex((frame) => frame.step > step);
    return next === -1 ? this.#frames.length - 1 : Math.max(0, next - 1);
  }

  /**
   * Take a frame that has arrived.
   *
   * @param {FrameMessage} frame
   * @returns {"late" | "begun" | "added"} "late" if it was dropped, "begun" if it is the first one of another run
   */
  add(frame) {
    if (this.#endedRuns.has(frame.run)) return "late";
    const isNewRun = frame.run !== this.#run;
    if (!isNewRun && this.newest && frame.step <= this.newest.step) return "late";
    if (isNewRun) this.#begin(frame.run);
    this.#frames.push(frame);
    this.#fillIn(frame.late_positions ?? {});
    if (frame.state === "done") this.#end("done");
    return isNewRun ? "begun" : "added";
  }

  /**
   * End a run before its last frame.
   *
   * @returns {boolean} false if none is going on
   */
  stop() {
    if (this.#state !== "running") return false;
    this.#end("stopped");
    return true;
  }

  /**
   * Replace the frames by those of a finished run that no visitor started.
   *
   * @param {FrameMessage[]} frames
   */
  loadExample(frames) {
    this.#begin(frames[0].run);
    this.#frames.push(...frames);
    this.#state = "example";
  }

  /** @param {Record<string, number[][]>} positions by step, of frames that have none yet */
  #fillIn(positions) {
    for (const frame of this.#frames) frame.positions ??= positions[frame.step];
  }

  /** @param {string} run */
  #begin(run) {
    if (this.#run) this.#endedRuns.add(this.#run);
    this.#frames = [];
    this.#run = run;
    this.#state = "running";
  }

  /** @param {RunState} state */
  #end(state) {
    this.#endedRuns.add(this.#run);
    this.#state = state;
  }
}
