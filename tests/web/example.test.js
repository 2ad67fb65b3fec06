import assert from "node:assert/strict";
import { test } from "node:test";

import { fetchExample } from "../../glyffuser/ui/components/frame_player/example.js";
import { makeRun } from "./frames.js";

/** @typedef {import("node:test").TestContext} TestContext */

const CANVAS = /** @type {any} */ ("the canvas");

/**
 * Fakes of what a browser has, until the test ends.
 *
 * @param {TestContext} context
 * @param {() => Promise<any>} answer to a fetch
 */
function fakeBrowser(context, answer) {
  const observers = /** @type {FakeObserver[]} */ ([]);
  class FakeObserver {
    isConnected = true;
    observed = /** @type {unknown[]} */ ([]);

    /**
     * @param {(entries: { intersectionRatio: number }[]) => void} callback
     * @param {{ threshold: number }} options
     */
    constructor(callback, options) {
      this.callback = callback;
      this.options = options;
      observers.push(this);
    }

    /** @param {unknown} element */
    observe(element) {
      this.observed.push(element);
    }

    disconnect() {
      this.isConnected = false;
    }

    /** @param {number} intersectionRatio */
    see(intersectionRatio) {
      if (this.isConnected) this.callback([{ intersectionRatio }]);
    }
  }
  Object.assign(globalThis, { IntersectionObserver: FakeObserver });
  context.after(() => Reflect.deleteProperty(globalThis, "IntersectionObserver"));
  return { observers, fetched: context.mock.method(globalThis, "fetch", answer).mock };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("the run is fetched once half of the canvas is in view, not before", async (context) => {
  const frames = makeRun("example", [0, 10]);
  const { observers, fetched } = fakeBrowser(context, async () => ({ ok: true, json: async () => frames }));
  const example = fetchExample(CANVAS, "example.json", new AbortController().signal);
  const [observer] = observers;
  assert.deepEqual([observer.observed, observer.options.threshold], [[CANVAS], 0.5]);
  observer.see(0.49);
  await settled();
  assert.equal(fetched.callCount(), 0);
  observer.see(0.5);
  assert.deepEqual(await example, frames);
  assert.equal(fetched.calls[0].arguments[0], "example.json");
  assert.deepEqual([observer.isConnected, fetched.callCount()], [false, 1]);
});

for (const [name, answer] of /** @type {[string, () => Promise<any>][]} */ ([
  ["is missing", async () => ({ ok: false, json: async () => makeRun("error page", [10]) })],
  ["cannot be fetched", () => Promise.reject(new Error("offline"))],
  ["is damaged", async () => ({ ok: true, json: () => Promise.reject(new SyntaxError("not JSON")) })],
  ["is empty", async () => ({ ok: true, json: async () => [] })],
  ["is something else", async () => ({ ok: true, json: async () => ({ detail: "Not Found" }) })],
])) {
  test(`a run that ${name} is none`, async (context) => {
    const { observers } = fakeBrowser(context, answer);
    const example = fetchExample(CANVAS, "example.json", new AbortController().signal);
    observers[0].see(1);
    assert.equal(await example, null);
  });
}

test("after its end it neither observes nor fetches", async (context) => {
  const { observers, fetched } = fakeBrowser(context, async () => ({ ok: false }));
  const life = new AbortController();
  fetchExample(CANVAS, "example.json", life.signal);
  life.abort();
  observers[0].see(1);
  await settled();
  assert.deepEqual([observers[0].isConnected, fetched.callCount()], [false, 0]);
});
