/** How long a run still has to wait: asked of the server every second, told to the page as sentences. */

import { fill } from "../text.js";
import { Announcements, placeSentence } from "./sentences.js";

/** @typedef {import("../protocol.d.ts").WaitingPlace} WaitingPlace */
/** @typedef {import("../protocol.d.ts").WaitingProps} WaitingProps */

/**
 * @typedef {object} Gradio what Gradio passes to a component
 * @property {HTMLElement} element holds the filled template
 * @property {WaitingProps} props
 * @property {(name: string, callback: () => void) => void} watch
 * @property {(name: string) => void} trigger
 */

/**
 * @typedef {object} Surroundings
 * @property {(show: { sentence: string, announcement: string | null, state: string }) => void} show
 * @property {(event: "input" | "retry") => void} trigger
 * @property {(ticket: number) => Promise<WaitingPlace>} ask for the place of a ticket
 * @property {(milliseconds: number, action: () => void) => () => void} after runs the action later; returns what
 *   cancels it
 * @property {() => number} now seconds
 */

const ASK_MS = 1000;

/** Seconds until a full line is tried again. */
export const RETRY_SECONDS = 10;

/**
 * Start the component in an element.
 *
 * @param {Gradio} gradio
 */
export function mount({ element, props, watch, trigger }) {
  const life = new AbortController();
  const [root, line, status] = ["root", "line", "status"].map((name) => {
    const found = element.querySelector(`[data-part="${name}"]`);
    if (!(found instanceof HTMLElement)) throw new Error(`the template has no data-part="${name}"`);
    return found;
  });
  const waiting = new Waiting(props, {
    show: ({ sentence, announcement, state }) => {
      root.dataset.state = state;
      line.textContent = sentence;
      line.hidden = !sentence || !props.has_line;
      if (announcement !== null) status.textContent = announcement;
    },
    trigger,
    ask: async (ticket) => {
      const url = new URL(`${props.place_url}/${ticket}`, document.baseURI).href;
      const response = await fetch(url, { signal: life.signal });
      if (!response.ok) throw new Error(`the place of ${ticket} was answered by ${response.status}`);
      return response.json();
    },
    after: (milliseconds, action) => {
      const timer = setTimeout(action, milliseconds);
      return () => clearTimeout(timer);
    },
    now: () => performance.now() / 1000,
  });
  watch("value", () => waiting.update(props.value));
  waiting.update(props.value);
  return {
    update: waiting.update.bind(waiting),
    destroy: () => {
      life.abort();
      waiting.destroy();
    },
  };
}

/** Follows one ticket at a time, or counts down to the next try. */
export class Waiting {
  #props;
  #surroundings;
  #announcements = new Announcements();
  #sentence = "";
  #ticket = 0;
  /** @type {(() => void) | null} */
  #cancelTimer = null;

  /**
   * @param {Pick<WaitingProps, "value" | "button" | "text">} props
   * @param {Surroundings} surroundings
   */
  constructor(props, surroundings) {
    this.#props = props;
    this.#surroundings = surroundings;
  }

  /**
   * Take a place from the server. What the component told the page itself is ignored.
   *
   * @param {WaitingProps["value"]} value
   */
  update(value) {
    if (!value || value.state === "shown") return;
    this.#halt();
    this.#ticket = value.ticket;
    if (value.state === "full") this.#countDown(RETRY_SECONDS);
    else if (value.state !== "waiting") this.#show("", "", "over");
    else {
      if (value.before > 0) this.#showPlace(value);
      else this.#show("", "", "waiting"); // most often its turn comes before anything could be read
      this.#askLater();
    }
  }

  destroy() {
    this.#halt();
    this.#ticket = 0;
  }

  #askLater() {
    this.#cancelTimer = this.#surroundings.after(ASK_MS, () => this.#ask(this.#ticket));
  }

  /** @param {number} ticket */
  async #ask(ticket) {
    const place = await this.#surroundings.ask(ticket).catch(() => null);
    if (ticket !== this.#ticket) return; // another run was requested, or this one has begun
    if (place && place.state !== "waiting") return this.update({ ...place, ticket: 0 });
    if (place) this.#showPlace(place);
    this.#askLater();
  }

  /** @param {number} seconds */
  #countDown(seconds) {
    if (seconds === 0) return this.#surroundings.trigger("retry");
    this.#show(fill(this.#props.text.full, { seconds }), "full", "full");
    this.#cancelTimer = this.#surroundings.after(ASK_MS, () => this.#countDown(seconds - 1));
  }

  /** @param {WaitingPlace} place */
  #showPlace(place) {
    this.#show(placeSentence(this.#props.text, place), `place ${place.before}`, "waiting");
  }

  /**
   * @param {string} sentence
   * @param {string} subject
   * @param {string} state
   */
  #show(sentence, subject, state) {
    const { show, trigger, now } = this.#surroundings;
    show({ sentence, announcement: this.#announcements.next(sentence, subject, now()), state });
    if (sentence === this.#sentence) return;
    this.#sentence = sentence;
    this.#props.value = { state: "shown", sentence, button: this.#props.button };
    trigger("input");
  }

  #halt() {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }
}
