import assert from "node:assert/strict";
import test from "node:test";

import { nextTab } from "../../glyffuser/ui/components/tab_keys/keys.js";

test("arrow keys go round, Home and End go to the ends", () => {
  const moves = ["ArrowRight", "ArrowLeft", "Home", "End"].map((key) => [0, 2].map((current) => nextTab(key, current, 3)));
  assert.deepEqual(moves, [[1, 0], [2, 1], [0, 0], [2, 2]]);
});

test("other keys are left alone", () => {
  assert.equal(nextTab("Enter", 1, 3), null);
  assert.equal(nextTab("ArrowDown", 1, 3), null);
});
