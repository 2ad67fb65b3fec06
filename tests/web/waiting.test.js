import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { RETRY_SECONDS, Waiting } from "../../glyffuser/ui/components/waiting/index.js";
import { Announcements, placeSentence, toldSeconds } from "../../glyffuser/ui/components/waiting/sentences.js";

const UI = new URL("../../glyffuser/ui/", import.meta.url);
const text = JSON.parse(readFileSync(new URL("text/en.json", UI), "utf-8")).waiting;

/** @typedef {import("../../glyffuser/ui/components/protocol.d.ts").WaitingPlace} WaitingPlace */

/**
 * A component with a clock that stands still until it is told.
 *
 * @param {WaitingPlace[]} answers of the server, one a question
 */
function waitingWith(answers) {
  /** @type {{ shown: any[], events: string[], asked: number[], timers: (() => void)[], seconds: number }} */
  const world = { shown: [], events: [], asked: [], timers: [], seconds: 0 };
  /** @type {{ value: any, button: string, text: Record<string, string> }} */
  const props = { value: null, button: "Generate", text };
  const waiting = new Waiting(props, {
    show: (shown) => void world.shown.push(shown),
    trigger: (event) => void world.events.push(event),
    ask: async (ticket) => {
      world.asked.push(ticket);
      const answer = answers.shift();
      if (!answer) throw new Error("no network");
      return answer;
    },
    after: (_, action) => {
      world.timers.push(action);
      return () => void world.timers.splice(world.timers.indexOf(action), 1);
    },
    now: () => world.seconds,
  });
  const tick = async () => {
    world.seconds += 1;
    world.timers.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { waiting, world, props, tick };
}

/** @param {Partial<WaitingPlace>} changes @returns {WaitingPlace} */
const place = (changes) => ({ ticket: 7, state: "waiting", before: 2, seconds: 21, ...changes });

test("seconds are rounded as soon as they are many, and are never none", () => {
  assert.deepEqual([0, 0.4, 3.6, 9, 12, 13, 62].map(toldSeconds), [1, 1, 4, 9, 10, 15, 60]);
});

test("a place is a sentence", () => {
  assert.equal(placeSentence(text, { before: 3, seconds: 21 }), "3 before you, about 20 s");
  assert.equal(placeSentence(text, { before: 0, seconds: 0 }), "You are next");
});

test("the place is asked for every second, told to the page, and gone when the run begins", async () => {
  const answers = [place({ before: 1, seconds: 8 }), place({ before: 0, seconds: 0 }), place({ state: "running" })];
  const { waiting, world, props, tick } = waitingWith(answers);
  waiting.update(place({}));
  assert.deepEqual(props.value, { state: "shown", sentence: "2 before you, about 20 s", button: "Generate" });
  await tick();
  assert.equal(props.value.sentence, "1 before you, about 8 s");
  await tick();
  assert.equal(props.value.sentence, "You are next");
  await tick();
  assert.equal(props.value.sentence, "");
  assert.deepEqual(world.asked, [7, 7, 7]);
  assert.deepEqual(world.events, ["input", "input", "input", "input"]);
  assert.equal(world.timers.length, 0);
});

test("whoever is next from the start is told nothing at once", async () => {
  const { waiting, world, tick } = waitingWith([place({ before: 0 })]);
  waiting.update(place({ before: 0 }));
  assert.deepEqual(world.events, []);
  await tick();
  assert.equal(world.shown.at(-1).sentence, "You are next");
});

test("a question without an answer is put again", async () => {
  const { waiting, world, props, tick } = waitingWith([]);
  waiting.update(place({}));
  await tick();
  await tick();
  assert.deepEqual(world.asked, [7, 7]);
  assert.equal(props.value.sentence, "2 before you, about 20 s");
});

test("an answer about an older ticket is dropped, and the page's own value is no order", async () => {
  const { waiting, world, props } = waitingWith([place({ before: 9 })]);
  waiting.update(place({}));
  world.timers.shift()?.();
  waiting.update(place({ ticket: 0, state: "over" }));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(props.value.sentence, "");
  waiting.update(props.value);
  assert.equal(world.timers.length, 0);
});

test("a full line is counted down and tried again; Stop ends that", async () => {
  const { waiting, world, props, tick } = waitingWith([]);
  waiting.update(place({ ticket: 0, state: "full" }));
  assert.equal(props.value.sentence, "Too many are waiting; trying again in 10 s");
  for (let i = 0; i < RETRY_SECONDS; i++) await tick();
  assert.equal(world.events.at(-1), "retry");
  assert.equal(world.events.filter((event) => event === "retry").length, 1);
  waiting.update(place({ ticket: 0, state: "full" }));
  waiting.update(place({ ticket: 0, state: "over" }));
  assert.equal(world.timers.length, 0);
  assert.equal(props.value.sentence, "");
});

test("a screen reader hears each place once, and the seconds now and then", () => {
  const announcements = new Announcements();
  assert.equal(announcements.next("2 before you, about 40 s", "place 2", 0), "2 before you, about 40 s");
  assert.equal(announcements.next("2 before you, about 35 s", "place 2", 5), null);
  assert.equal(announcements.next("2 before you, about 25 s", "place 2", 16), "2 before you, about 25 s");
  assert.equal(announcements.next("1 before you, about 20 s", "place 1", 17), "1 before you, about 20 s");
  assert.equal(announcements.next("", "", 18), "");
});

test("every sentence is used, and none stands in the template", () => {
  const folder = new URL("components/waiting/", UI);
  const sources = readdirSync(folder).filter((name) => /\.(js|html)$/.test(name));
  const contents = sources.map((name) => readFileSync(new URL(name, folder), "utf-8"));
  const named = contents.flatMap((source) => [...source.matchAll(/\btext\.(\w+)/g)].map(([, key]) => key));
  const own = Object.keys(text).filter((key) => key !== "not_loaded"); // the loader of all components says that
  assert.deepEqual([...new Set(named)].filter((key) => key !== "js").sort(), own.sort());
  const html = readFileSync(new URL("waiting.html", folder), "utf-8");
  assert.doesNotMatch(html.replace(/<[^>]*>/g, ""), /[A-Za-z]/);
});
