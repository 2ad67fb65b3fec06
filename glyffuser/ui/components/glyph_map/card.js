/** The card beside the pointer: a character, drawn and as text, its reading, what it is made of, and its definition. */

import { fill } from "../text.js";
import { radicalTitle } from "./data.js";
import { part } from "./parts.js";

const PICTURE = 64; // pixels
const GAP = 14; // pixels between the pointer and the card
const MARGIN = 4; // pixels between the card and the edge of the stage

/** Shows the hovered character; texts are set as text, never as HTML. */
export class Card {
  #card;
  #picture;
  #character;
  #pinyin;
  #title;
  #definition;
  #glyphs;
  #sprites;
  #text;
  /** @type {number | null} the character that is shown */
  #index = null;
  #isDrawn = false;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.root
   * @param {import("./data.js").Glyphs} parts.glyphs
   * @param {import("./sprites.js").Sprites} parts.sprites
   * @param {Record<string, string>} parts.text
   */
  constructor({ root, glyphs, sprites, text }) {
    this.#card = part(root, "card", HTMLElement);
    this.#character = part(root, "card-character", HTMLElement);
    this.#pinyin = part(root, "card-pinyin", HTMLElement);
    this.#title = part(root, "card-title", HTMLElement);
    this.#definition = part(root, "card-definition", HTMLElement);
    const canvas = part(root, "card-glyph", HTMLCanvasElement);
    this.#picture = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.#glyphs = glyphs;
    this.#sprites = sprites;
    this.#text = text;
  }

  /**
   * @param {import("./state.js").Hovered | null} hovered null hides the card
   * @param {import("./view.js").Size} size of the stage
   */
  show(hovered, size) {
    this.#card.hidden = !hovered;
    if (hovered && hovered.index !== this.#index) this.#fill(hovered.index);
    this.#index = hovered && hovered.index;
    if (!hovered) return;
    this.draw();
    const { left, top } = cardPlace(hovered, { width: this.#card.offsetWidth, height: this.#card.offsetHeight }, size);
    this.#card.style.left = `${left}px`;
    this.#card.style.top = `${top}px`;
  }

  /** Draw the picture, if it is not there yet and its sprite is. */
  draw() {
    if (this.#index === null || this.#isDrawn) return;
    this.#isDrawn = this.#sprites.draw(this.#picture, this.#index, 0, 0, PICTURE);
    if (this.#isDrawn) this.#card.dataset.picture = String(this.#index);
  }

  /** @param {number} index */
  #fill(index) {
    this.#card.dataset.index = String(index);
    this.#card.dataset.picture = "";
    this.#character.textContent = String.fromCodePoint(this.#glyphs.codepoints[index]);
    this.#pinyin.textContent = this.#glyphs.pinyin[index];
    this.#title.textContent = titleOf(this.#glyphs, index, this.#text);
    this.#definition.textContent = this.#glyphs.definitions[index];
    this.#picture.clearRect(0, 0, PICTURE, PICTURE);
    this.#isDrawn = false;
  }
}

/**
 * Right below the pointer, moved to stay on the stage; above the pointer where there is no room below it.
 *
 * @param {import("./view.js").Point} pointer
 * @param {import("./view.js").Size} card
 * @param {import("./view.js").Size} stage
 * @returns {{ left: number, top: number }} stage pixels
 */
export function cardPlace(pointer, card, stage) {
  const hasRoomBelow = pointer.y + GAP + card.height <= stage.height;
  return {
    left: Math.max(MARGIN, Math.min(pointer.x + GAP, stage.width - card.width - MARGIN)),
    top: hasRoomBelow ? pointer.y + GAP : Math.max(MARGIN, pointer.y - card.height - GAP),
  };
}

/**
 * @param {import("./data.js").Glyphs} glyphs
 * @param {number} index
 * @param {Record<string, string>} text
 * @returns {string} code point, radical, strokes and layout of a character
 */
export function titleOf(glyphs, index, text) {
  const strokes = glyphs.strokes[index];
  return fill(text.card_title, {
    code: `U+${glyphs.codepoints[index].toString(16).toUpperCase().padStart(4, "0")}`,
    number: glyphs.radicals[index],
    radical: radicalTitle(glyphs, glyphs.radicals[index]),
    strokes: fill(strokes === 1 ? text.strokes_one : text.strokes_many, { strokes }),
    layout: glyphs.layout_names[glyphs.layouts[index]],
  });
}
