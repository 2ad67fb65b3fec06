import assert from "node:assert/strict";
import { test } from "node:test";

import { normalPairs, uniformNumbers } from "../../glyffuser/ui/components/random.js";

/** First numbers of mulberry32 with seed 1; they must stay, or the noise on the page changes. */
const FROZEN_UNIFORM = [2693262067, 11749833, 2265367787, 4213581821, 4159151403].map((bits) => bits / 2 ** 32);
const FROZEN_NORMAL = [1.4043387784152637, 0.024141617523036025, 1.2157546192705377, -0.14543594087912323];

/** @param {number[]} numbers */
function moments(numbers) {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  return { mean, variance: numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length };
}

test("a seed always gives the same numbers", () => {
  const uniform = uniformNumbers(1);
  assert.deepEqual(Array.from({ length: 5 }, uniform), FROZEN_UNIFORM);
  const normal = normalPairs(1);
  [...normal(), ...normal()].forEach((x, i) => assert.ok(Math.abs(x - FROZEN_NORMAL[i]) < 1e-12, `${x}`));
});

test("another seed gives other numbers", () => {
  assert.notDeepEqual(normalPairs(1)(), normalPairs(2)());
});

test("uniform numbers lie in [0, 1) and are spread evenly", () => {
  const numbers = Array.from({ length: 20_000 }, uniformNumbers(3));
  assert.ok(numbers.every((x) => x >= 0 && x < 1));
  const { mean, variance } = moments(numbers);
  assert.ok(Math.abs(mean - 1 / 2) < 0.01 && Math.abs(variance - 1 / 12) < 0.002, `${mean} ${variance}`);
});

test("normal numbers have mean 0, variance 1 and no correlation within a pair", () => {
  const pairs = Array.from({ length: 20_000 }, normalPairs(1));
  for (const i of [0, 1]) {
    const { mean, variance } = moments(pairs.map((pair) => pair[i]));
    assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.04, `${mean} ${variance}`);
  }
  const covariance = moments(pairs.map(([x, y]) => x * y)).mean;
  assert.ok(Math.abs(covariance) < 0.03, `${covariance}`);
});
