import { fill } from "../text.js";

/** @typedef {import("../protocol.d.ts").WaitingPlace} WaitingPlace */

const EXACT_BELOW = 10; // seconds; more are rounded, so that the sentence holds still for a while
const ROUNDED_TO = 5;

/** Seconds after which a sentence is announced although no run before the visitor's has ended. */
export const ANNOUNCE_AFTER = 15;

/**
 * @param {number} seconds
 * @returns {number} as a visitor is told
 */
export function toldSeconds(seconds) {
  return seconds < EXACT_BELOW ? Math.max(1, Math.round(seconds)) : ROUNDED_TO * Math.round(seconds / ROUNDED_TO);
}

/**
 * Place and seconds of a run that waits.
 *
 * @param {Record<string, string>} text
 * @param {Pick<WaitingPlace, "before" | "seconds">} place
 */
export function placeSentence(text, { before, seconds }) {
  return before === 0 ? text.next : fill(text.place, { before, seconds: toldSeconds(seconds) });
}

/** Decides which sentences are read out: not one every second. */
export class Announcements {
  #subject = "";
  #sentence = "";
  #saidAt = 0;

  /**
   * @param {string} sentence "" when nobody waits
   * @param {string} subject what it is about; another one is read out at once
   * @param {number} now in seconds
   * @returns {string | null} what is to be read out; null leaves the last one
   */
  next(sentence, subject, now) {
    const isDue = sentence !== this.#sentence && now - this.#saidAt >= ANNOUNCE_AFTER;
    if (subject === this.#subject && !isDue) return null;
    [this.#subject, this.#sentence, this.#saidAt] = [subject, sentence, now];
    return sentence;
  }
}
