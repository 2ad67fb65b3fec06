/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */
/** @typedef {import("../protocol.d.ts").FramePlayerProps} FramePlayerProps */
/** @typedef {import("../protocol.d.ts").GlyphPicked} GlyphPicked */
/** @typedef {import("../protocol.d.ts").PathMessage} PathMessage */

/**
 * Path of one glyph's predictions over the map.
 *
 * @param {FrameMessage[]} frames of one run
 * @param {number} index of the glyph
 * @returns {PathMessage | null} null where no prediction has a position
 */
export function pathOf(frames, index) {
  const placed = frames.filter((frame) => frame.positions);
  const last = placed.at(-1);
  if (!last) return null;
  const points = placed.map(({ positions }) => [...(positions?.[index] ?? [])]);
  const nearest = last.state === "done" ? (last.nearest?.[index] ?? null) : null;
  return { kind: "path", label: last.label, points, nearest };
}

/** Gradio events of the player. Nothing is told twice. */
export class PageEvents {
  #props;
  #trigger;
  #toldPath = "";
  /** @type {string | null} */
  #toldPick = null;

  /**
   * @param {FramePlayerProps} props
   * @param {(name: string, data?: GlyphPicked) => void} trigger
   */
  constructor(props, trigger) {
    this.#props = props;
    this.#trigger = trigger;
  }

  /**
   * Set the component's value to the path of the picked glyph (the first one if none is picked).
   *
   * @param {FrameMessage[]} frames of the current run
   * @param {number | null} picked
   */
  tellPath(frames, picked) {
    const path = pathOf(frames, picked ?? 0);
    if (!path) return;
    const told = JSON.stringify([frames[0].run, path]);
    if (told === this.#toldPath) return;
    this.#toldPath = told;
    this.#props.value = path;
    this.#trigger("input");
  }

  /**
   * Tell which finished glyph is picked (the only one counts as picked), or that there is none any more.
   *
   * @param {FrameMessage} newest frame of the current run
   * @param {number | null} picked
   */
  tellPick(newest, picked) {
    if (!this.#props.can_hand_over) return;
    const chosen = newest.num_glyphs === 1 ? 0 : picked;
    const index = newest.downloads ? chosen : null;
    const told = index === null ? null : `${newest.run} ${index}`;
    if (told === this.#toldPick) return;
    this.#toldPick = told;
    this.#trigger("click", { run: newest.run, index });
  }

  /**
   * Hand a finished glyph over to another tab.
   *
   * @param {string} run
   * @param {number | null} index
   */
  handOver(run, index) {
    if (index !== null) this.#trigger("select", { run, index });
  }
}
