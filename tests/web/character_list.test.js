import assert from "node:assert/strict";
import { test } from "node:test";

import { mount, pickedBy } from "../../glyffuser/ui/components/character_list/index.js";

const button = { dataset: { action: "go", index: "120" } };

/** An element that a click falls on, inside a button or beside all of them. */
class FakeElement {
  /** @param {typeof button | null} found */
  constructor(found) {
    this.closest = (/** @type {string} */ selector) => (selector === "button[data-action]" ? found : null);
  }
}

test("a click on a button, or on what is inside it, names action and character", () => {
  assert.deepEqual(pickedBy(new FakeElement(button)), { action: "go", index: 120 });
});

test("a click beside the buttons asks for nothing", () => {
  assert.equal(pickedBy(new FakeElement(null)), null);
});

test("a list that is destroyed listens no more", () => {
  Object.assign(globalThis, { Element: FakeElement });
  const element = /** @type {HTMLElement} */ (/** @type {unknown} */ (new EventTarget()));
  /** @type {Array<unknown>} */
  const events = [];
  const list = mount({ element, trigger: (...event) => void events.push(event) });
  const click = () => Object.defineProperty(new Event("click"), "target", { value: new FakeElement(button) });
  element.dispatchEvent(click());
  assert.deepEqual(events, [["select", { action: "go", index: 120 }]]);
  list.destroy();
  element.dispatchEvent(click());
  assert.equal(events.length, 1);
});
