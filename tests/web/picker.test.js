import assert from "node:assert/strict";
import { test } from "node:test";

import { pickByKey, Picker } from "../../glyffuser/ui/components/frame_player/picker.js";
import { makeFrame } from "./frames.js";

const GRID = { num_glyphs: 5, columns: 3 };

/** A canvas of 262 x 262 pixels that is shown at half its size, 100 pixels from the left and 50 from the top. */
class FakeCanvas extends EventTarget {
  width = 262;

  getBoundingClientRect() {
    return { left: 100, top: 50, width: 131, height: 131 };
  }
}

/** @param {boolean} [hasRun] */
function makePicker(hasRun = true) {
  const canvas = /** @type {any} */ (new FakeCanvas());
  const names = /** @type {any} */ (new EventTarget());
  const life = new AbortController();
  /** @type {(number | null)[]} */
  const picks = [];
  const picker = new Picker({
    canvas,
    names,
    getGrid: () => (hasRun ? makeFrame() : undefined),
    onPick: () => picks.push(picker.picked),
    signal: life.signal,
  });
  /**
   * @param {number} x
   * @param {number} y
   * @param {EventTarget} [target]
   */
  const click = (x, y, target = canvas) => {
    target.dispatchEvent(Object.assign(new Event("click"), { clientX: x, clientY: y }));
  };
  /** @param {string} key */
  const press = (key) => {
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key });
    canvas.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return { picker, names, life, picks, click, press };
}

test("the first arrow key picks the first glyph", () => {
  for (const key of ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"]) assert.equal(pickByKey(key, null, GRID), 0);
});

test("arrow keys go to the neighbours", () => {
  assert.equal(pickByKey("ArrowRight", 1, GRID), 2);
  assert.equal(pickByKey("ArrowLeft", 1, GRID), 0);
  assert.equal(pickByKey("ArrowDown", 1, GRID), 4);
  assert.equal(pickByKey("ArrowUp", 4, GRID), 1);
});

test("at the edge of the grid an arrow key changes nothing", () => {
  assert.equal(pickByKey("ArrowRight", 4, GRID), 4);
  assert.equal(pickByKey("ArrowLeft", 0, GRID), 0);
  assert.equal(pickByKey("ArrowDown", 2, GRID), 2); // below it there is no glyph
  assert.equal(pickByKey("ArrowUp", 2, GRID), 2);
});

test("Escape picks nothing, and other keys have no meaning", () => {
  assert.equal(pickByKey("Escape", 3, GRID), null);
  assert.equal(pickByKey("Enter", 3, GRID), undefined);
});

test("a click picks the glyph under it, a second one unpicks it", () => {
  const { picks, click } = makePicker();
  click(100 + 100, 50 + 30);
  click(100 + 30, 50 + 100);
  click(100 + 30, 50 + 100);
  assert.deepEqual(picks, [1, 2, null]);
});

test("a click on a name picks its glyph", () => {
  const { picks, click, names } = makePicker();
  click(100 + 100, 50 + 100, names);
  assert.deepEqual(picks, [3]);
});

test("a click beside the glyphs picks nothing", () => {
  const { picks, click } = makePicker();
  click(99, 60);
  assert.deepEqual(picks, []);
});

test("keys that have a meaning are kept from scrolling the page", () => {
  const { picks, press } = makePicker();
  assert.equal(press("ArrowDown"), true);
  assert.equal(press("ArrowUp"), true); // at the edge: nothing changes
  assert.equal(press("Tab"), false);
  assert.equal(press("Escape"), true);
  assert.deepEqual(picks, [0, null]);
});

test("before the first run nothing can be picked", () => {
  const { picks, click, press } = makePicker(false);
  click(110, 60);
  assert.equal(press("ArrowRight"), false);
  assert.deepEqual(picks, []);
});

test("a reset picks nothing and tells nobody", () => {
  const { picker, picks, press } = makePicker();
  press("ArrowRight");
  picker.reset();
  assert.deepEqual([picker.picked, picks], [null, [0]]);
});

test("after its end it listens no more", () => {
  const { picks, click, press, life } = makePicker();
  life.abort();
  click(110, 60);
  press("ArrowRight");
  assert.deepEqual(picks, []);
});
