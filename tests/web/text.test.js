import assert from "node:assert/strict";
import { test } from "node:test";

import { fill } from "../../glyffuser/ui/components/text.js";

test("values take the places of their names", () => {
  const values = { unit: "step", step: 0, num_steps: 25 };
  assert.equal(fill("{unit} {step} of {num_steps}, {step}", values), "step 0 of 25, 0");
});

test("a name without a value stays as it is, even one that every object has", () => {
  assert.equal(fill("{missing} {toString} {}", {}), "{missing} {toString} {}");
});

test("what looks like a pattern or a name inside a value is only text", () => {
  assert.equal(fill("for {label}, {where}", { label: "$& {where}", where: "here" }), "for $& {where}, here");
});
