// Values that Python computed are in frozen.json (tests/web/freeze.py).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { guided, rowsOf } from "../../glyffuser/ui/components/own_device/guidance.js";
import { batchNoise, sample, SAMPLERS } from "../../glyffuser/ui/components/own_device/sampler.js";
import { alphasCumprod, spacedTimesteps } from "../../glyffuser/ui/components/own_device/schedule.js";
import { TorchGenerator } from "../../glyffuser/ui/components/own_device/torch_random.js";

const frozen = JSON.parse(readFileSync(new URL("frozen.json", import.meta.url), "utf-8"));
const SCHEDULE = { num_train_timesteps: 1000, beta_start: 0.0001, beta_end: 0.02 };
const GLYPH = 128 * 128;

/**
 * @param {ArrayLike<number>} actual
 * @param {number[]} expected
 * @param {number} tolerance
 * @param {string} message
 */
function assertNear(actual, expected, tolerance, message) {
  assert.equal(actual.length, expected.length, message);
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - actual[i])));
  assert.ok(worst <= tolerance, `${message}: ${worst} off`);
}

/** @param {Float32Array} values */
const chosen = (values) => frozen.pixels.map((/** @type {number} */ i) => values[i]);

/**
 * The frames of a run.
 *
 * @param {import("../../glyffuser/ui/components/own_device/sampler.js").Predict} predict
 * @param {string} sampler
 * @param {number} steps
 * @param {{ spacing?: string, predictionType?: "epsilon" | "v_prediction" | "sample", signal?: AbortSignal }} [options]
 */
async function run(predict, sampler, steps, { spacing = "even", predictionType = "v_prediction", signal } = {}) {
  const generators = frozen.seeds.map((/** @type {number} */ seed) => new TorchGenerator(seed));
  const timesteps = spacedTimesteps(steps, spacing, 1000);
  const schedule = { ...SCHEDULE, prediction_type: predictionType };
  const frames = [];
  for await (const frame of sample({
    predict,
    x_t: batchNoise(generators, GLYPH),
    sampler,
    timesteps,
    alphasCumprod: alphasCumprod(schedule),
    predictionType,
    generators,
    signal,
  })) {
    frames.push(frame);
  }
  return frames;
}

/** @type {import("../../glyffuser/ui/components/own_device/sampler.js").Predict} */
const smooth = async (x_t, timestep) => x_t.map((x) => 0.3 * Math.sin(timestep / 100) * x + 0.2 * Math.cos(x));

for (const { seed, sizes, draws, sums_of_squares: sums } of frozen.randn) {
  test(`the noise of seed ${seed} is torch's`, () => {
    const generator = new TorchGenerator(seed);
    for (const [draw, size] of sizes.entries()) {
      const values = generator.randn(size);
      const stride = Math.max(1, Math.floor(size / 16));
      assertNear(
        values.filter((_, i) => i % stride === 0),
        draws[draw],
        2e-6,
        `draw ${draw}`,
      );
      const sum = values.reduce((total, value) => total + value * value, 0);
      assert.ok(Math.abs(sum - sums[draw]) < 1e-2, `sum of squares of draw ${draw}`);
    }
  });
}

test("sizes that torch fills in another way are refused", () => {
  assert.throws(() => new TorchGenerator(0).randn(15), /16 or more, got 15/);
});

test("the noise schedule is that of training", () => {
  const alphas = alphasCumprod({ ...SCHEDULE, prediction_type: "v_prediction" });
  assertNear(
    alphas.filter((_, i) => i % 37 === 0),
    frozen.alphas_cumprod,
    2e-7,
    "alphas_cumprod",
  );
});

test("timesteps are spaced as in Python", () => {
  for (const [spacing, runs] of Object.entries(frozen.timesteps)) {
    for (const [steps, timesteps] of Object.entries(runs)) {
      assert.deepEqual(spacedTimesteps(Number(steps), spacing, 1000), timesteps);
    }
  }
});

for (const { sampler, steps, prediction_type: type, middle, last } of [...frozen.samplers, ...frozen.prediction_types]) {
  test(`${sampler} in ${steps} steps draws what Python draws (${type})`, async () => {
    const frames = await run(smooth, sampler, steps, { predictionType: type });
    assert.equal(frames.length, steps);
    const half = frames[Math.floor(steps / 2)];
    assert.deepEqual([half.timestep, half.next_timestep], [middle.timestep, middle.next_timestep]);
    for (const [frame, expected] of [[half, middle], [frames[steps - 1], last]]) {
      assertNear(chosen(frame.x_t), expected.x_t, 1e-4, `x_t of step ${frame.step}`);
      assertNear(chosen(frame.pred_x_0), expected.pred_x_0, 1e-4, `pred_x_0 of step ${frame.step}`);
    }
  });
}

test("every sampler of Python is there", () => {
  const names = new Set(frozen.samplers.map((/** @type {{ sampler: string }} */ { sampler }) => sampler));
  assert.deepEqual(new Set(Object.keys(SAMPLERS)), names);
});

for (const { prompt, config, rows, last } of frozen.guidance) {
  test(`guidance is that of the pipeline: ${JSON.stringify({ prompt, ...config })}`, async () => {
    /** @type {number[]} */
    const asked = [];
    const predict = guided(
      async (x_t, _, asks) => {
        asked.push(asks.length);
        const answers = asks.map(({ isNull, isPerturbed }) => {
          const offset = 0.1 * Number(isNull) - 0.15 * Number(isPerturbed);
          return x_t.map((x) => 0.3 * x + (0.2 + offset) * Math.cos(x));
        });
        return Float32Array.from(answers.flatMap((answer) => [...answer]));
      },
      config,
      Boolean(prompt),
    );
    const frames = await run(predict, config.sampler, config.num_inference_steps, { spacing: config.spacing });
    assert.deepEqual(asked, rows);
    const timesteps = spacedTimesteps(config.num_inference_steps, config.spacing, 1000);
    assert.equal(rowsOf(timesteps, config, Boolean(prompt)), rows.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b));
    const finished = /** @type {import("../../glyffuser/ui/components/own_device/sampler.js").Frame} */ (frames.at(-1));
    assertNear(chosen(finished.x_t), last.x_t, 1e-4, "x_t");
    assertNear(chosen(finished.pred_x_0), last.pred_x_0, 1e-4, "pred_x_0");
  });
}

test("a run that is stopped yields no further frame and calls the network no more", async () => {
  const stop = new AbortController();
  let calls = 0;
  const frames = await run(
    async (x_t, timestep) => {
      calls += 1;
      if (calls === 3) stop.abort();
      return smooth(x_t, timestep);
    },
    "dpm++",
    10,
    { signal: stop.signal },
  );
  assert.deepEqual([frames.length, calls], [2, 3]);
});

test("output that is not finite ends the run with an error", async () => {
  await assert.rejects(
    run(async (x_t) => x_t.map(() => NaN), "ddim", 2),
    /not finite/,
  );
});

test("finished glyphs lie within the range", async () => {
  const frames = await run(async (x_t) => x_t.map((x) => 5 * x), "ddpm", 3);
  const last = frames[2].x_t;
  assert.ok(last.every((x) => x >= -1 && x <= 1) && last.some((x) => x === 1));
});
