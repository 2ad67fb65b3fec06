/** A button that reads a PNG from the visitor's disk and hands it to the page. */

import { toBase64 } from "../own_device/base64.js";

/** @typedef {import("../protocol.d.ts").PngChosen} PngChosen */

/**
 * @param {{ element: HTMLElement, props: { max_bytes: number }, trigger: (event: string, data: PngChosen) => void }}
 *   page what Gradio hands in
 * @returns {{ update: () => void, destroy: () => void }}
 */
export function mount({ element, props, trigger }) {
  const [input, button] = [element.querySelector("input"), element.querySelector("button")];
  if (!input || !button) throw new Error("the template lacks its input or its button");
  const life = new AbortController();
  button.addEventListener("click", () => input.click(), life);
  input.addEventListener(
    "change",
    async () => {
      const file = input.files?.[0];
      if (!file) return;
      const chosen = await read(file, props.max_bytes);
      input.value = ""; // so that the same file can be chosen again
      if (!life.signal.aborted) trigger("upload", chosen);
    },
    life,
  );
  return { update: () => {}, destroy: () => life.abort() };
}

/**
 * What the server is told of a file; of one that is too large, or that cannot be read, only the size.
 *
 * @param {Pick<Blob, "size" | "arrayBuffer">} file
 * @param {number} maxBytes
 * @returns {Promise<PngChosen>}
 */
export async function read(file, maxBytes) {
  if (file.size > maxBytes) return { content: "", size: file.size };
  const bytes = await file.arrayBuffer().catch(() => new ArrayBuffer(0)); // it was moved, say
  return { content: toBase64(new Uint8Array(bytes)), size: file.size };
}
