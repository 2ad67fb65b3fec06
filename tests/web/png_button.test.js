import assert from "node:assert/strict";
import { test } from "node:test";

import { read } from "../../glyffuser/ui/components/png_button/index.js";

const file = new Blob([new Uint8Array([137, 80, 78, 71])]);

test("a file is handed over as base64", async () => {
  assert.deepEqual(await read(file, 4), { content: "iVBORw==", size: 4 });
});

test("of a file that is too large only the size is handed over, and it is not read", async () => {
  const large = { size: 5, arrayBuffer: () => assert.fail("it was read") };
  assert.deepEqual(await read(large, 4), { content: "", size: 5 });
});

test("a file that cannot be read is handed over without content", async () => {
  const gone = { size: 3, arrayBuffer: () => Promise.reject(new Error("gone")) };
  assert.deepEqual(await read(gone, 4), { content: "", size: 3 });
});
