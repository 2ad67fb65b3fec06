/**
 * @typedef {object} LinkParts
 * @property {HTMLAnchorElement} link
 * @property {HTMLElement} byHand holds the field; shown where the browser does not let the page copy
 * @property {HTMLInputElement} address read-only field
 */

/** The link that copies the address of a run. It is never followed: that would leave the page and lose the run. */
export class RunLink {
  #parts;
  #text;
  #announce;
  #clipboard;

  /**
   * @param {object} options
   * @param {LinkParts} options.parts
   * @param {Record<string, string>} options.text
   * @param {(sentence: string) => void} options.announce
   * @param {AbortSignal} options.signal ends the listening
   * @param {Pick<Clipboard, "writeText"> | undefined} [options.clipboard] missing on a page without https
   */
  constructor({ parts, text, announce, signal, clipboard = navigator.clipboard }) {
    this.#parts = parts;
    this.#text = text;
    this.#announce = announce;
    this.#clipboard = clipboard;
    parts.link.addEventListener("click", (event) => this.#copy(event), { signal });
  }

  /** @param {string | undefined} query of the run; without one there is no link */
  offer(query) {
    const { link, byHand } = this.#parts;
    link.hidden = !query;
    link.href = query ? `${location.pathname}?${query}` : "";
    link.textContent = this.#text.link;
    byHand.hidden = true;
  }

  /** @param {Event} event */
  async #copy(event) {
    event.preventDefault();
    const { link } = this.#parts;
    const address = link.href;
    try {
      if (!this.#clipboard) throw new Error("this page may not copy");
      await this.#clipboard.writeText(address);
      link.textContent = this.#text.link_copied;
      this.#announce(this.#text.link_copied);
    } catch {
      if (link.href === address) this.#showAddress(address); // else another run has begun meanwhile
    }
  }

  /** @param {string} value */
  #showAddress(value) {
    const { byHand, address } = this.#parts;
    byHand.hidden = false;
    address.value = value;
    address.focus();
    address.select();
    this.#announce(this.#text.link_by_hand);
  }
}
