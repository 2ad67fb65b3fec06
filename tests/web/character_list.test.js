import assert from "node:assert/strict";
import { test } from "node:test";

import { mount, pickedBy } from "../../glyffuser/ui/components/character_list/index.js";

const button = { dataset: { action: "go", index: "120" } };

test("a click on a button, or on what is inside it, names action and character", () => {
  assert.deepEqual(pickedBy({ closest: (selector) => (selector === "button[data-action]" ? button : null) }), {
    action: "go",
    index: 120,
  });
});

test("a click beside the buttons asks for nothing", () => {
  assert.equal(pickedBy({ closest: () => null }), null);
});

test("a list that is destroyed listens no more", () => {
  const element = new EventTarget();
  const events = [];
  globalThis.Element = class extends Event {
    closest() {
      return button;
    }
  };
  const list = mount({ element, trigger: (...event) => events.push(event) });
  const click = new Event("click");
  Object.defineProperty(click, "target", { value: new globalThis.Element("button") });
  element.dispatchEvent(click);
  assert.deepEqual(events, [["select", { action: "go", index: 120 }]]);
  list.destroy();
  element.dispatchEvent(click);
  assert.equal(events.length, 1);
});
