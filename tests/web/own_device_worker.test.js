import assert from "node:assert/strict";
import { test } from "node:test";

import { Conditioning } from "../../glyffuser/ui/components/own_device/conditioning.js";
import { filesFor, Network } from "../../glyffuser/ui/components/own_device/network.js";
import { GLYPH_PIXELS } from "../../glyffuser/ui/components/own_device/pictures.js";

/** @param {number[]} values */
const base64 = (values) => Buffer.from(Float32Array.from(values).buffer).toString("base64");

/** @param {number} value */
const prompt = (value) => ({
  num_tokens: 2,
  encoder_hidden_states: base64([value, value, value, value]),
  class_labels: base64([value, value]),
  prior: base64([value, value, value, value]),
});

const CONDITIONING = new Conditioning({ prompt: prompt(1), null_prompt: prompt(0) });
const PLAIN = { isNull: false, isPerturbed: false };

class FakeTensor {
  /**
   * @param {string} type
   * @param {Float32Array} data
   * @param {number[]} dims
   */
  constructor(type, data, dims) {
    assert.equal(type, "float32");
    assert.equal(data.length, dims.reduce((product, dim) => product * dim, 1));
    this.data = data;
    this.dims = dims;
  }
}

/**
 * A network whose answer to a row is the glyph, plus 10 with the prompt, plus 100 if perturbed.
 *
 * @param {number} maxRows
 * @param {() => void} [onCall]
 */
function fakeNetwork(maxRows, onCall = () => {}) {
  /** @type {Record<string, number[]>[]} */
  const calls = [];
  const session = {
    async run(/** @type {Record<string, FakeTensor>} */ feeds) {
      calls.push(Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims])));
      onCall();
      const answer = feeds.x_t.data.map((x, i) => {
        const row = Math.floor(i / GLYPH_PIXELS);
        return x + 10 * feeds.class_labels.data[2 * row] + 100 * feeds.is_perturbed.data[row];
      });
      return { output: { getData: async () => answer, dispose() {} } };
    },
  };
  return { calls, network: new Network({ Tensor: FakeTensor }, session, maxRows) };
}

/** @param {number} count */
function glyphs(count) {
  return Float32Array.from({ length: count * GLYPH_PIXELS }, (_, i) => 1 + Math.floor(i / GLYPH_PIXELS));
}

/** @param {Float32Array} answers */
const firstPixels = (answers) => [...answers.filter((_, i) => i % GLYPH_PIXELS === 0)];

test("every glyph gets each answer, whatever the groups of rows", async () => {
  const asks = [PLAIN, { isNull: true, isPerturbed: false }, { isNull: false, isPerturbed: true }];
  for (const maxRows of [1, 4, 100]) {
    const { calls, network } = fakeNetwork(maxRows);
    const answers = await network.model(CONDITIONING, new AbortController().signal)(glyphs(3), 519, asks);
    assert.deepEqual(firstPixels(answers), [11, 12, 13, 1, 2, 3, 111, 112, 113]);
    assert.equal(calls.length, Math.ceil(9 / maxRows));
  }
});

test("the inputs have the shapes of the graph", async () => {
  const { calls, network } = fakeNetwork(4);
  await network.model(CONDITIONING, new AbortController().signal)(glyphs(2), 519, [PLAIN]);
  assert.deepEqual(calls, [
    {
      x_t: [2, 1, 128, 128],
      timesteps: [2],
      encoder_hidden_states: [2, 2, 2],
      encoder_attention_mask: [2, 2],
      class_labels: [2, 2],
      prior: [2, 1, 2, 2],
      is_perturbed: [2],
    },
  ]);
});

test("rows that are left are not computed once a run is stopped", async () => {
  const stop = new AbortController();
  const { calls, network } = fakeNetwork(1, () => stop.abort());
  await network.model(CONDITIONING, stop.signal)(glyphs(4), 519, [PLAIN]);
  assert.equal(calls.length, 1);
});

test("a backend fetches its own build alone", () => {
  const file = (/** @type {string} */ url) => ({ url, sha256: "", size: 1 });
  const build = (/** @type {string} */ url) => ({ runtime_url: "", loader_url: "", wasm: file(url) });
  const [wasm, jspi] = [build("wasm"), build("jspi")];
  const files = { graph: file("graph"), weights: file("weights"), weights_name: "", wasm, jspi };
  const wanted = (/** @type {"wasm" | "jspi"} */ name) =>
    filesFor(files, { name: "wasm", build: name, threads: 1, maxRows: 1, isAutomatic: false }).map(({ url }) => url);
  assert.deepEqual(wanted("wasm"), ["graph", "weights", "wasm"]);
  assert.deepEqual(wanted("jspi"), ["graph", "weights", "jspi"]);
});

/** The worker's side of the link, played by the test. */
class FakeWorker {
  /** @type {FakeWorker[]} */
  static all = [];
  /** @type {any[]} */
  received = [];
  /** @type {(event: { data: any }) => void} */
  onmessage = () => {};
  /** @type {(event: { message: string }) => void} */
  onerror = () => {};
  constructor() {
    FakeWorker.all.push(this);
  }
  postMessage(/** @type {any} */ message) {
    this.received.push(message);
  }
  terminate() {
    this.isTerminated = true;
  }
  says(/** @type {any} */ data) {
    this.onmessage({ data });
  }
}

/** @type {any} */ (globalThis).Worker = FakeWorker;
/** @type {any} */ (globalThis).document = { baseURI: "https://example.org/" };
const { WorkerLink } = await import("../../glyffuser/ui/components/own_device/worker_link.js");

function link() {
  /** @type {number[]} */
  const shares = [];
  const files = /** @type {any} */ ({});
  const worker = new WorkerLink(files, "fast", /** @type {any} */ ({}), (share) => shares.push(share));
  const fake = /** @type {FakeWorker} */ (FakeWorker.all.at(-1));
  return { worker, fake, shares };
}

/**
 * @param {string} run
 * @param {Uint8Array | null} [finished]
 */
const frame = (run, finished = null) => ({ kind: "frame", run, frame: { glyphs: finished }, rows: 1, seconds: 1 });

/** @param {AsyncIterable<any>} messages */
async function collect(messages) {
  const all = [];
  for await (const message of messages) all.push(message);
  return all;
}

const RUN = /** @type {any} */ ({ run: "b" });
const SCHEDULE = /** @type {any} */ ({});

test("a link loads once and reports its progress", async () => {
  const { worker, fake, shares } = link();
  assert.equal(fake.received[0].kind, "load");
  assert.equal(fake.received[0].network, worker.network);
  fake.says({ kind: "progress", share: 0.5 });
  fake.says({ kind: "ready" });
  await worker.ready;
  assert.deepEqual(shares, [0.5]);
});

test("a run yields its own frames until the finished glyphs", async () => {
  const { worker, fake } = link();
  const frames = collect(worker.run(RUN, SCHEDULE));
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(fake.received[1], { kind: "run", run: RUN, schedule: SCHEDULE });
  for (const message of [frame("a"), frame("b"), frame("b", new Uint8Array(1))]) fake.says(message);
  assert.deepEqual((await frames).map(({ run }) => run), ["b", "b"]);
});

test("stop ends the frames at once", async () => {
  const { worker, fake } = link();
  const frames = collect(worker.run(RUN, SCHEDULE));
  await new Promise((resolve) => setTimeout(resolve));
  fake.says(frame("b"));
  await new Promise((resolve) => setTimeout(resolve));
  worker.stop();
  assert.equal((await frames).length, 1);
  assert.equal(fake.received.at(-1).kind, "stop");
});

test("whatever fails in the worker is an error for whoever waits", async () => {
  const loading = link();
  loading.fake.onerror({ message: "no module" });
  await assert.rejects(loading.worker.ready, /no module/);
  const running = link();
  running.fake.says({ kind: "ready" });
  const frames = collect(running.worker.run(RUN, SCHEDULE));
  await new Promise((resolve) => setTimeout(resolve));
  running.fake.says({ kind: "failed", error: "out of memory" });
  await assert.rejects(frames, /out of memory/);
});

test("a link that is terminated ends what waits for it", async () => {
  const { worker, fake } = link();
  const frames = collect(worker.run(RUN, SCHEDULE));
  await new Promise((resolve) => setTimeout(resolve));
  worker.terminate();
  assert.deepEqual([await frames, fake.isTerminated], [[], true]);
});
