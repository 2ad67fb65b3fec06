/** Pictures of the characters: small sprites on large pages, which are fetched and decoded when they are needed. */

import { fetchFile } from "./data.js";

/**
 * Decoded pages that are kept: 134 MB, at 2,048 by 2,048 pixels of 4 bytes. The glyphs of one view lie on fewer pages
 * (tests/web/sprites.test.js counts them on the shipped map), so that they never displace one another.
 */
export const MAX_PAGES = 8;

/** Draws sprites; least recently drawn pages are given up. */
export class Sprites {
  #tiles;
  #tileSize;
  #tilesASide;
  #load;
  #onReady;
  /** @type {Map<number, ImageBitmap>} the page drawn last comes last */
  #pages = new Map();
  /** @type {Set<number>} */
  #loading = new Set();
  /** @type {Set<number>} pages whose failure was reported */
  #failed = new Set();
  #isClosed = false;

  /**
   * @param {object} parts
   * @param {Uint16Array} parts.tiles number of each character's sprite, page after page, row by row
   * @param {number} parts.tileSize side of a sprite in pixels
   * @param {number} parts.tilesASide sprites a side of a page
   * @param {(page: number) => Promise<ImageBitmap>} parts.load
   * @param {() => void} parts.onReady called when a page has come that was asked for
   */
  constructor({ tiles, tileSize, tilesASide, load, onReady }) {
    this.#tiles = tiles;
    this.#tileSize = tileSize;
    this.#tilesASide = tilesASide;
    this.#load = load;
    this.#onReady = onReady;
  }

  /**
   * Draw a character's sprite, or ask for its page.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {number} index the character
   * @param {number} x left, in the canvas' pixels
   * @param {number} y top
   * @param {number} size
   * @returns {boolean} whether it was drawn; if not, `onReady` is called once it can be
   */
  draw(context, index, x, y, size) {
    const tilesAPage = this.#tilesASide ** 2;
    const page = this.#page(Math.floor(this.#tiles[index] / tilesAPage));
    if (!page) return false;
    const place = this.#tiles[index] % tilesAPage;
    const side = this.#tileSize;
    const left = (place % this.#tilesASide) * side;
    const top = Math.floor(place / this.#tilesASide) * side;
    context.drawImage(page, left, top, side, side, x, y, size, size);
    return true;
  }

  /** Free all pages; nothing is drawn or loaded from then on. */
  close() {
    this.#isClosed = true;
    for (const page of this.#pages.values()) page.close();
    this.#pages.clear();
  }

  /**
   * @param {number} number
   * @returns {ImageBitmap | null}
   */
  #page(number) {
    const page = this.#pages.get(number);
    if (!page) {
      this.#fetch(number);
      return null;
    }
    this.#pages.delete(number);
    this.#pages.set(number, page);
    return page;
  }

  /** @param {number} number */
  async #fetch(number) {
    if (this.#isClosed || this.#loading.has(number)) return;
    this.#loading.add(number);
    try {
      const page = await this.#load(number);
      if (this.#isClosed) return page.close();
      this.#keep(number, page);
      this.#failed.delete(number);
      this.#onReady();
    } catch (error) {
      if (!this.#isClosed && !this.#failed.has(number)) console.warn(error); // it is asked for again at the next draw
      this.#failed.add(number);
    } finally {
      this.#loading.delete(number);
    }
  }

  /**
   * @param {number} number
   * @param {ImageBitmap} page
   */
  #keep(number, page) {
    this.#pages.set(number, page);
    for (const [oldest, old] of this.#pages) {
      if (this.#pages.size <= MAX_PAGES) break;
      this.#pages.delete(oldest);
      old.close();
    }
  }
}

/**
 * @param {string} mapUrl
 * @param {number} number
 * @param {AbortSignal} signal
 * @returns {Promise<ImageBitmap>} a page, decoded
 */
export async function loadPage(mapUrl, number, signal) {
  const file = await fetchFile(`${mapUrl}/sprites/${String(number).padStart(2, "0")}.webp`, signal);
  return createImageBitmap(await file.blob());
}
