/** Colours: the bins of the points, the palettes, and the page's own colours. */

import { radicalTitle } from "./data.js";
import { clamp } from "./view.js";
import { fill } from "../text.js";

/**
 * @typedef {import("./data.js").Glyphs} Glyphs
 * @typedef {import("./state.js").ColourName} ColourName
 * @typedef {import("./state.js").Theme} Theme
 * @typedef {Record<string, string>} Text
 *
 * @typedef {object} Colouring
 * @property {string[]} palette one colour a bin
 * @property {string[]} names what each bin stands for; "" for a bin between two that have names
 * @property {Uint8Array} bins of each character
 *
 * @typedef {{ ink: string, paper: string, seal: string, line: string }} Inks the page's colours, as CSS colours
 */

/** Okabe and Ito 2008: told apart by the colour-blind, too. */
const LAYOUTS = ["#0072b2", "#d55e00", "#009e73", "#8d8373"];

/** After the muted scheme of Tol 2021; the last one is for all other radicals. */
const RADICALS = {
  light: [
    "#332288", "#cc6677", "#117733", "#ddaa33", "#88ccee", "#882255", "#44aa99", "#999933", "#aa4499", "#e17c05",
    "#0072b2", "#661100", "#b9af9d",
  ],
  dark: [
    "#9a8cff", "#ff8fa3", "#4fc26b", "#ddaa33", "#88ccee", "#d65c9a", "#44aa99", "#c3c34d", "#c98be0", "#f2953a",
    "#4aa3e0", "#d2694a", "#6f675c",
  ],
};

/** Cividis (Nuñez et al. 2018) without the end that could not be told from the background. */
const CIVIDIS = {
  light: ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#bca965"],
  dark: ["#4e576c", "#666970", "#7d7c78", "#948e77", "#ada371", "#c6b766", "#e1cc55", "#fee838"],
};

const STROKES_A_BIN = 4;

/** The colourings of the map, each made when it is first asked for. */
export class Colours {
  #glyphs;
  #ranks;
  #text;
  /** @type {Map<string, Colouring>} */
  #made = new Map();

  /**
   * @param {Glyphs} glyphs
   * @param {() => Float64Array} ranks for each character the share of all that lie where it is denser
   * @param {Text} text
   */
  constructor(glyphs, ranks, text) {
    this.#glyphs = glyphs;
    this.#ranks = ranks;
    this.#text = text;
  }

  /**
   * @param {{ colour: ColourName, theme: Theme }} current
   * @returns {Colouring} the same object each time
   */
  of({ colour, theme }) {
    const key = `${colour} ${theme}`;
    let colouring = this.#made.get(key);
    if (!colouring) this.#made.set(key, (colouring = this.#make(colour, theme)));
    return colouring;
  }

  /**
   * @param {ColourName} colour
   * @param {Theme} theme
   * @returns {Colouring}
   */
  #make(colour, theme) {
    switch (colour) {
      case "layout":
        return { palette: LAYOUTS, names: this.#glyphs.layout_names, bins: Uint8Array.from(this.#glyphs.layouts) };
      case "radical":
        return byRadical(this.#glyphs, RADICALS[theme], this.#text);
      case "strokes":
        return byStrokes(this.#glyphs.strokes, CIVIDIS[theme], this.#text);
      case "density":
        return byDensity(this.#ranks(), CIVIDIS[theme], this.#text);
    }
  }
}

/**
 * A bin for each of the most frequent radicals, the last one for all others.
 *
 * @param {Pick<Glyphs, "radicals" | "radical_names" | "radical_chars">} glyphs
 * @param {string[]} palette
 * @param {Text} text
 * @returns {Colouring}
 */
export function byRadical(glyphs, palette, text) {
  const { radicals } = glyphs;
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const radical of radicals) counts.set(radical, (counts.get(radical) ?? 0) + 1);
  const largest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, palette.length - 1);
  const binOf = new Map(largest.map(([radical], bin) => [radical, bin]));
  return {
    palette,
    names: [...largest.map(([radical]) => radicalTitle(glyphs, radical)), text.legend_others],
    bins: Uint8Array.from(radicals, (radical) => binOf.get(radical) ?? palette.length - 1),
  };
}

/**
 * A bin for every four numbers of strokes, the last one open.
 *
 * @param {number[]} strokes
 * @param {string[]} palette
 * @param {Text} text
 * @returns {Colouring}
 */
export function byStrokes(strokes, palette, text) {
  const last = palette.length - 1;
  return {
    palette,
    names: palette.map((_, bin) => {
      const [least, most] = [STROKES_A_BIN * bin + 1, STROKES_A_BIN * (bin + 1)];
      return fill(bin === last ? text.legend_strokes_last : text.legend_strokes, { least, most });
    }),
    bins: Uint8Array.from(strokes, (number) => Math.min(Math.floor((number - 1) / STROKES_A_BIN), last)),
  };
}

/**
 * Bins of about equally many characters, from the sparsest places to the densest.
 *
 * @param {Float64Array} ranks in [0, 1], 0 where it is densest
 * @param {string[]} palette
 * @param {Text} text
 * @returns {Colouring}
 */
export function byDensity(ranks, palette, text) {
  const last = palette.length - 1;
  return {
    palette,
    names: [text.legend_sparse, ...Array(last - 1).fill(""), text.legend_dense],
    bins: Uint8Array.from(ranks, (rank) => clamp(Math.floor((1 - rank) * palette.length), 0, last)),
  };
}

/**
 * @param {Element} element
 * @returns {Inks} the page's colours as they are now
 */
export function inksOf(element) {
  const style = getComputedStyle(element);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(`--glyff-${name}`).trim();
  return { ink: colour("ink"), paper: colour("paper"), seal: colour("seal"), line: colour("line") };
}
