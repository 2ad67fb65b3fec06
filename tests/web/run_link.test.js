import assert from "node:assert/strict";
import { before, test } from "node:test";

import { RunLink } from "../../glyffuser/ui/components/frame_player/run_link.js";

const TEXT = { link: "Copy", link_copied: "Copied", link_by_hand: "Take it from here" };

before(() => Object.assign(globalThis, { location: { pathname: "/app/" } }));

/** @param {{ writeText: (address: string) => Promise<void> } | undefined} clipboard */
function makeLink(clipboard) {
  const link = Object.assign(new EventTarget(), { hidden: true, href: "", textContent: "" });
  const calls = /** @type {string[]} */ ([]);
  const address = { value: "", focus: () => calls.push("focus"), select: () => calls.push("select") };
  const byHand = { hidden: true };
  const announced = /** @type {string[]} */ ([]);
  const life = new AbortController();
  const runLink = new RunLink({
    parts: /** @type {any} */ ({ link, byHand, address }),
    text: TEXT,
    announce: (sentence) => announced.push(sentence),
    signal: life.signal,
    clipboard,
  });
  const click = async () => {
    const event = new Event("click", { cancelable: true });
    link.dispatchEvent(event);
    await new Promise((resolve) => setTimeout(resolve));
    return event.defaultPrevented;
  };
  return { runLink, link, address, byHand, calls, announced, life, click };
}

test("a run without a query has no link", () => {
  const { runLink, link } = makeLink(undefined);
  runLink.offer("prompt=gold");
  assert.deepEqual([link.hidden, link.href, link.textContent], [false, "/app/?prompt=gold", "Copy"]);
  runLink.offer(undefined);
  assert.deepEqual([link.hidden, link.href], [true, ""]);
});

test("a click copies the address and says so", async () => {
  const copied = /** @type {string[]} */ ([]);
  const { runLink, link, byHand, announced, click } = makeLink({ writeText: async (text) => void copied.push(text) });
  runLink.offer("prompt=gold");
  assert.equal(await click(), true); // the link is not followed
  assert.deepEqual([copied, link.textContent, announced], [["/app/?prompt=gold"], "Copied", ["Copied"]]);
  assert.equal(byHand.hidden, true);
  runLink.offer("prompt=fish");
  assert.equal(link.textContent, "Copy");
});

for (const [name, clipboard] of /** @type {const} */ ([
  ["is missing", undefined],
  ["refuses", { writeText: () => Promise.reject(new Error("not allowed")) }],
])) {
  test(`where the clipboard ${name}, the address is shown and selected, and the page stays`, async () => {
    const { runLink, link, address, byHand, calls, announced, click } = makeLink(clipboard);
    runLink.offer("prompt=gold");
    assert.equal(await click(), true);
    assert.deepEqual([byHand.hidden, address.value, calls], [false, "/app/?prompt=gold", ["focus", "select"]]);
    assert.deepEqual([link.textContent, announced], ["Copy", ["Take it from here"]]);
    runLink.offer("prompt=fish");
    assert.equal(byHand.hidden, true);
  });
}

test("a refusal that comes after another run has begun shows no address", async () => {
  let refuse = () => {};
  const writeText = () => new Promise((_, reject) => (refuse = () => reject(new Error("not allowed"))));
  const { runLink, byHand, click } = makeLink({ writeText: /** @type {any} */ (writeText) });
  runLink.offer("prompt=gold");
  await click();
  runLink.offer(undefined);
  refuse();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(byHand.hidden, true);
});

test("after its end a click is left alone", async () => {
  const { runLink, life, click } = makeLink(undefined);
  runLink.offer("prompt=gold");
  life.abort();
  assert.equal(await click(), false);
});
