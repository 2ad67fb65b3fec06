import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { chooseBackend } from "../../glyffuser/ui/components/own_device/backend.js";
import { Downloads, gunzip } from "../../glyffuser/ui/components/own_device/downloads.js";
import { isDeviceSooner, usualSeconds, whereToDraw } from "../../glyffuser/ui/components/own_device/estimate.js";
import { Preferences } from "../../glyffuser/ui/components/own_device/preferences.js";
import { RefusedError, Server } from "../../glyffuser/ui/components/own_device/server.js";

const FOLDER = new URL("../../glyffuser/ui/components/own_device/", import.meta.url);
const BASE = "https://example.org/page/";

/** @type {import("../../glyffuser/ui/components/own_device/backend.js").Surroundings} */
const LAPTOP = {
  isSecure: true,
  isIsolated: true,
  hasSimd: true,
  hasJspi: true,
  hasHardwareGpu: true,
  isIos: false,
  isDataSaved: false,
  cores: 8,
  memory: 8,
};

test("a graphics card is used unasked", () => {
  const backend = chooseBackend(LAPTOP);
  assert.deepEqual([backend?.name, backend?.build, backend?.isAutomatic], ["webgpu", "jspi", true]);
});

test("a processor is offered, with half of its cores but two to four threads", () => {
  const choose = (/** @type {object} */ changes) => chooseBackend({ ...LAPTOP, hasHardwareGpu: false, ...changes });
  assert.deepEqual([choose({})?.name, choose({})?.threads, choose({})?.isAutomatic], ["wasm", 4, false]);
  assert.equal(choose({ cores: 1 })?.threads, 1);
  assert.equal(choose({ cores: 2 })?.threads, 2);
  assert.equal(choose({ cores: 16 })?.threads, 4);
  assert.equal(choose({ isIsolated: false })?.threads, 1);
});

test("iOS and browsers without JSPI compute on the processor", () => {
  assert.equal(chooseBackend({ ...LAPTOP, isIos: true })?.name, "wasm");
  assert.equal(chooseBackend({ ...LAPTOP, hasJspi: false })?.name, "wasm");
});

test("who saves data or has little memory is not surprised by a download", () => {
  assert.equal(chooseBackend({ ...LAPTOP, isDataSaved: true })?.isAutomatic, false);
  assert.equal(chooseBackend({ ...LAPTOP, memory: 2 })?.isAutomatic, false);
});

test("where the network cannot run, only the server draws", () => {
  for (const missing of [{ isSecure: false }, { hasSimd: false }, { memory: 1 }]) {
    assert.equal(chooseBackend({ ...LAPTOP, ...missing }), null);
  }
});

class FakeStore {
  /** @type {Map<string, Response>} */
  kept = new Map();
  async match(/** @type {string} */ key) {
    return this.kept.get(key)?.clone();
  }
  async put(/** @type {string} */ key, /** @type {Response} */ response) {
    this.kept.set(key, response);
  }
  async delete(/** @type {string} */ key) {
    return this.kept.delete(key);
  }
  async keys() {
    return [...this.kept.keys()].map((url) => /** @type {Request} */ ({ url }));
  }
}

const CONTENT = "weights of the network";
const FILE = {
  url: "glyff/unet/weights.bin",
  sha256: createHash("sha256").update(CONTENT).digest("hex"),
  size: CONTENT.length,
};

/** @param {string} content */
function fetcher(content) {
  /** @type {string[]} */
  const urls = [];
  const fetch = /** @type {typeof globalThis.fetch} */ (
    async (url) => {
      urls.push(String(url));
      return new Response(content);
    }
  );
  return { urls, fetch };
}

test("a file is fetched once, and kept under its hash", async () => {
  const [store, server] = [new FakeStore(), fetcher(CONTENT)];
  const downloads = new Downloads(BASE, store, server.fetch);
  assert.equal(await downloads.has([FILE]), false);
  for (let i = 0; i < 2; i++) {
    let received = 0;
    const bytes = await downloads.get(FILE, (more) => (received += more));
    assert.deepEqual([Buffer.from(bytes).toString(), received], [CONTENT, FILE.size]);
  }
  assert.deepEqual(server.urls, [`${BASE}${FILE.url}`]);
  assert.equal(await downloads.has([FILE]), true);
  assert.ok([...store.kept.keys()][0].endsWith(FILE.sha256));
});

test("a file that is not the expected one is refused and not kept", async () => {
  for (const content of ["weights of the networK", "weights", `${CONTENT}!`]) {
    const store = new FakeStore();
    await assert.rejects(new Downloads(BASE, store, fetcher(content).fetch).get(FILE, () => {}), /expected/);
    assert.equal(store.kept.size, 0);
  }
});

test("a kept file that is damaged is fetched again", async () => {
  const [store, server] = [new FakeStore(), fetcher(CONTENT)];
  const downloads = new Downloads(BASE, store, server.fetch);
  await downloads.get(FILE, () => {});
  store.kept.set([...store.kept.keys()][0], new Response("damaged"));
  assert.equal(Buffer.from(await downloads.get(FILE, () => {})).toString(), CONTENT);
  assert.equal(server.urls.length, 2);
});

test("files of earlier versions are forgotten", async () => {
  const store = new FakeStore();
  const downloads = new Downloads(BASE, store, fetcher(CONTENT).fetch);
  await downloads.get(FILE, () => {});
  store.kept.set(`${BASE}kept/earlier`, new Response("x"));
  await downloads.forgetOthers([FILE]);
  assert.equal(store.kept.size, 1);
  assert.equal(await downloads.has([FILE]), true);
});

test("without Cache Storage, or on a full disk, files are fetched all the same", async () => {
  const full = Object.assign(new FakeStore(), { put: () => Promise.reject(new Error("full")) });
  for (const store of [null, full]) {
    const bytes = await new Downloads(BASE, store, fetcher(CONTENT).fetch).get(FILE, () => {});
    assert.equal(Buffer.from(bytes).toString(), CONTENT);
  }
});

test("gzipped files are unpacked", async () => {
  assert.equal(Buffer.from(await gunzip(Uint8Array.from(gzipSync(CONTENT)))).toString(), CONTENT);
});

test("the visitor's choice and the measured time are remembered", () => {
  /** @type {Map<string, string>} */
  const kept = new Map();
  const storage = {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
  };
  const preferences = new Preferences(storage);
  assert.equal(preferences.where, null);
  const guess = preferences.secondsARow("wasm");
  assert.ok(guess > preferences.secondsARow("webgpu"));
  preferences.where = "device";
  preferences.keepSecondsARow("wasm", 0.0912345);
  const later = new Preferences(storage);
  assert.deepEqual([later.where, later.secondsARow("wasm")], ["device", 0.0912]);
  for (const key of kept.keys()) kept.set(key, "nonsense");
  assert.deepEqual([later.where, later.secondsARow("wasm")], [null, guess]);
});

test("a browser without storage forgets, without an error", () => {
  const preferences = new Preferences(null);
  preferences.where = "device";
  assert.equal(preferences.where, null);
});

/**
 * @param {number} status
 * @param {object} answer
 */
function serverThatAnswers(status, answer) {
  /** @type {{ url: string, body: any }[]} */
  const calls = [];
  const fetch = /** @type {typeof globalThis.fetch} */ (
    async (url, init) => {
      calls.push({ url: String(url), body: init?.body });
      return new Response(JSON.stringify(answer), { status });
    }
  );
  return { calls, server: new Server(BASE, { begin_url: "begin", finish_url: "finish", wait_url: "wait" }, fetch) };
}

test("the server is asked twice a run", async () => {
  const { calls, server } = serverThatAnswers(200, { run: "a" });
  assert.deepEqual(await server.begin(["gold", 4]), { run: "a" });
  await server.finish("a", Uint8Array.of(1, 2), [Uint8Array.of(3)]);
  assert.deepEqual(calls.map(({ url }) => url), [`${BASE}begin`, `${BASE}finish/a`]);
  assert.equal(calls[0].body, '["gold",4]');
  assert.deepEqual([...new Uint8Array(await calls[1].body.arrayBuffer())], [1, 2, 3]);
});

test("a field at fault is told apart from a server that does not answer", async () => {
  const refused = serverThatAnswers(200, { error: "Steps must be a whole number." }).server.begin([]);
  await assert.rejects(refused, (error) => error instanceof RefusedError && /whole number/.test(error.message));
  for (const status of [429, 500]) {
    const broken = serverThatAnswers(status, {}).server.begin([]);
    await assert.rejects(broken, (error) => error instanceof Error && !(error instanceof RefusedError));
  }
});

test("a server that does not say how long its queue is counts as free", async () => {
  assert.equal(await serverThatAnswers(200, { seconds: 12.5 }).server.waitSeconds(), 12.5);
  assert.equal(await serverThatAnswers(500, {}).server.waitSeconds(), 0);
  const offline = new Server(BASE, { begin_url: "", finish_url: "", wait_url: "" }, () => Promise.reject(new Error()));
  assert.equal(await offline.waitSeconds(), 0);
});

test("the time of a usual run follows from its rows", () => {
  const usual = {
    num_inference_steps: 10, // timesteps 999, 899 ... 99
    guidance_scale: 4,
    sampler: "dpm++-sde",
    guidance_interval: [900, 999],
    pag_scale: 3,
    pag_interval: [500, 700],
    spacing: "even",
    network: "full",
  };
  const schedule = { num_train_timesteps: 1000, beta_start: 0, beta_end: 0, prediction_type: /** @type {const} */ ("sample") };
  assert.equal(usualSeconds({ usual, usual_num_glyphs: 4, schedule }, 0.5), 4 * (10 + 1 + 2) * 0.5);
});

test("the visitor's choice decides, else a fast device", () => {
  assert.equal(whereToDraw(null, true, 5), "device");
  assert.equal(whereToDraw(null, true, 500), "server");
  assert.equal(whereToDraw(null, false, 5), "server");
  assert.equal(whereToDraw("device", false, 500), "device");
  assert.equal(whereToDraw("server", true, 5), "server");
});

test("the device is proposed where the server's queue is longer, the download counted in", () => {
  assert.equal(isDeviceSooner(20, 10, true), true);
  assert.equal(isDeviceSooner(20, 10, false), false);
  assert.equal(isDeviceSooner(30, 10, false), true);
  assert.equal(isDeviceSooner(0, 10, true), false);
});

test("every sentence of the component is used, and every one that is used is there", () => {
  const english = JSON.parse(readFileSync(new URL("../../text/en.json", FOLDER), "utf-8"));
  const sources = readdirSync(FOLDER)
    .filter((name) => /\.(js|html)$/.test(name))
    .map((name) => readFileSync(new URL(name, FOLDER), "utf-8"));
  const used = new Set([...sources.join("\n").matchAll(/\btext\.(\w+)(?!.*";$)/gm)].map(([, key]) => key));
  assert.deepEqual(new Set(Object.keys(english.own_device)), used.add("not_loaded"));
});
