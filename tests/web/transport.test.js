import assert from "node:assert/strict";
import { test } from "node:test";

import { RunFrames } from "../../glyffuser/ui/components/frame_player/run_frames.js";
import { FOLLOW_MS, REPLAY_MS, Transport } from "../../glyffuser/ui/components/frame_player/transport.js";
import { makeRun } from "./frames.js";

/** A clock that a test moves on. */
class FakeClock {
  #now = 0;
  /** @type {{ at: number, action: () => void }[]} */
  timers = [];

  /**
   * @param {number} milliseconds
   * @param {() => void} action
   */
  after(milliseconds, action) {
    const timer = { at: this.#now + milliseconds, action };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }

  /** @param {number} milliseconds */
  pass(milliseconds) {
    const end = this.#now + milliseconds + 1e-6; // sums of intervals are rounded
    for (;;) {
      const timer = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!timer) break;
      this.timers = this.timers.filter((other) => other !== timer);
      this.#now = timer.at;
      timer.action();
    }
    this.#now = end;
  }
}

/** @param {{ isHidden?: boolean }} [page] */
function makeTransport({ isHidden = false } = {}) {
  const frames = new RunFrames();
  const clock = new FakeClock();
  /** @type {number[]} */
  const steps = [];
  /** @type {number[]} */
  const positions = [];
  /** @type {boolean[]} */
  const replays = [];
  const transport = new Transport({
    frames,
    onShow: (frame, position) => {
      steps.push(frame.step);
      positions.push(position);
    },
    onReplay: (isReplaying) => replays.push(isReplaying),
    clock,
    isHidden: () => isHidden,
  });
  /** @param {number[]} arriving steps of run "a" */
  const receive = (...arriving) => {
    for (const frame of makeRun("a", arriving)) {
      frames.add(frame);
      transport.follow();
    }
  };
  return { transport, frames, clock, steps, positions, replays, receive };
}

/** A player that has shown a whole run. */
function finished() {
  const player = makeTransport();
  player.receive(0, 2, 5, 10);
  player.clock.pass(1000);
  player.steps.length = player.positions.length = 0;
  return player;
}

test("a run that arrives all at once is shown frame by frame", () => {
  const { clock, steps, receive } = makeTransport();
  receive(0, 1, 2, 3);
  assert.deepEqual(steps, [0]);
  clock.pass(FOLLOW_MS);
  assert.deepEqual(steps, [0, 1]);
  clock.pass(10 * FOLLOW_MS);
  assert.deepEqual(steps, [0, 1, 2, 3]);
  assert.equal(clock.timers.length, 0);
});

test("a frame that arrives later is shown at once", () => {
  const { clock, steps, receive } = makeTransport();
  receive(0);
  clock.pass(FOLLOW_MS);
  receive(4);
  assert.deepEqual(steps, [0, 4]);
});

test("in a hidden page only the newest frame is shown", () => {
  const { clock, steps, receive } = makeTransport({ isHidden: true });
  receive(0, 1, 2, 3);
  clock.pass(FOLLOW_MS);
  assert.deepEqual(steps, [0, 3]);
});

test("a replay of a finished run goes from its start to its end", () => {
  const { transport, clock, steps, positions, replays } = finished();
  transport.toggleReplay();
  assert.deepEqual([steps, replays], [[0], [true]]);
  clock.pass(REPLAY_MS);
  assert.deepEqual(steps, [0, 2]);
  clock.pass(10 * REPLAY_MS);
  assert.deepEqual(steps, [0, 2, 5, 10]);
  assert.deepEqual(positions, steps);
  assert.deepEqual([replays, clock.timers.length], [[true, false], 0]);
});

test("a replay goes on from the frame that is shown", () => {
  const { transport, clock, steps } = finished();
  transport.scrubTo(2);
  transport.toggleReplay();
  clock.pass(10 * REPLAY_MS);
  assert.deepEqual(steps, [2, 5, 10]);
});

test("a replay that is paused stays where it is", () => {
  const { transport, clock, steps, replays } = finished();
  transport.toggleReplay();
  clock.pass(REPLAY_MS);
  transport.toggleReplay();
  clock.pass(1000);
  assert.deepEqual([steps, replays], [[0, 2], [true, false]]);
});

test("a replay during a run catches up with it and follows it from there on", () => {
  const { transport, clock, steps, replays, receive } = makeTransport();
  receive(0, 1, 2);
  clock.pass(1000);
  transport.toggleReplay();
  receive(3);
  clock.pass(5 * REPLAY_MS);
  assert.deepEqual(steps, [0, 1, 2, 0, 1, 2, 3]);
  assert.deepEqual(replays, [true, false]);
  receive(4);
  assert.equal(steps.at(-1), 4);
});

test("whoever looks at an older frame is left there while the run goes on", () => {
  const { transport, clock, steps, receive } = makeTransport();
  receive(0, 1, 2);
  clock.pass(1000);
  transport.scrubTo(1);
  receive(3);
  clock.pass(1000);
  assert.equal(steps.at(-1), 1);
});

test("the scrubber stays at a step without a frame, which shows the frame before it", () => {
  const { transport, steps, positions } = finished();
  transport.scrubTo(4);
  transport.scrubTo(5);
  assert.deepEqual([steps, positions], [[2, 5], [4, 5]]);
});

test("the scrubber, dragged beyond what has arrived, follows the run", () => {
  const { transport, clock, steps, positions, receive } = makeTransport();
  receive(0, 1, 2);
  clock.pass(1000);
  transport.scrubTo(0);
  transport.scrubTo(8);
  assert.deepEqual([steps.at(-1), positions.at(-1)], [2, 2]);
  receive(3);
  assert.deepEqual([steps.at(-1), positions.at(-1)], [3, 3]);
});

test("scrubbing ends a replay", () => {
  const { transport, clock, steps, replays } = finished();
  transport.toggleReplay();
  transport.scrubTo(2);
  clock.pass(1000);
  assert.deepEqual([steps, replays], [[0, 2], [true, false]]);
});

test("scrubbing before the first run does nothing", () => {
  const { transport, steps } = makeTransport();
  transport.scrubTo(3);
  transport.showAgain();
  assert.deepEqual(steps, []);
});

test("a frame is shown again where the scrubber stands", () => {
  const { transport, steps, positions } = finished();
  transport.scrubTo(4);
  transport.showAgain();
  assert.deepEqual([steps, positions], [[2, 2], [4, 4]]);
});

test("a finished run is presented from its start, or by its end where motion is reduced", () => {
  for (const isMotionReduced of [false, true]) {
    const { transport, frames, clock, steps, replays } = makeTransport();
    frames.loadExample(makeRun("example", [0, 5, 10]));
    transport.present(isMotionReduced);
    clock.pass(1000);
    assert.deepEqual(steps, isMotionReduced ? [10] : [0, 5, 10]);
    assert.equal(replays.length, isMotionReduced ? 0 : 2);
  }
});

test("another run is followed, whatever was done before", () => {
  const { transport, frames, clock, steps, replays } = finished();
  transport.toggleReplay();
  frames.add(makeRun("b", [0])[0]);
  transport.reset();
  assert.deepEqual([replays, clock.timers.length], [[true, false], 0]);
  transport.follow();
  frames.add(makeRun("b", [0, 6])[1]);
  clock.pass(1000);
  assert.deepEqual(steps, [0, 0, 6]);
});

test("after a halt no timer is left", () => {
  const { transport, clock, receive } = makeTransport();
  receive(0, 1, 2);
  transport.halt();
  assert.equal(clock.timers.length, 0);
});
