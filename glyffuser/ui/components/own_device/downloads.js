/**
 * Large files: fetched once, checked by their hash, kept in Cache Storage under it.
 */

/** @typedef {import("../protocol.d.ts").DeviceFile} DeviceFile */

const CACHE = "glyffuser-own-device";

/**
 * @typedef {object} Store what is needed of `Cache`
 * @property {(key: string) => Promise<Response | undefined>} match
 * @property {(key: string, response: Response) => Promise<void>} put
 * @property {(key: string) => Promise<boolean>} delete
 * @property {() => Promise<readonly Request[]>} keys
 */

/** Files by their hashes. */
export class Downloads {
  #base;
  #store;
  #fetch;

  /**
   * @param {string} base address of the page
   * @param {Store | null} store null if nothing can be kept
   * @param {typeof fetch} [fetcher]
   */
  constructor(base, store, fetcher = (...request) => fetch(...request)) {
    this.#base = base;
    this.#store = store;
    this.#fetch = fetcher;
  }

  /**
   * Over the browser's Cache Storage; a private window may not have one.
   *
   * @param {string} base address of the page
   */
  static async open(base) {
    const store = await globalThis.caches?.open(CACHE).catch(() => null);
    return new Downloads(base, store ?? null);
  }

  /**
   * A file's content.
   *
   * @param {DeviceFile} file
   * @param {(bytes: number) => void} onProgress told of every part that has arrived
   */
  async get(file, onProgress) {
    const kept = await this.#kept(file);
    if (kept) {
      onProgress(file.size);
      return kept;
    }
    const bytes = await this.#download(file, onProgress);
    if ((await sha256(bytes)) !== file.sha256) throw new Error(`${file.url} is not the file that was expected`);
    await this.#keep(file, bytes);
    return bytes;
  }

  /**
   * Whether all files are kept already.
   *
   * @param {DeviceFile[]} files
   */
  async has(files) {
    const kept = await Promise.all(files.map((file) => this.#store?.match(this.#key(file)).catch(() => undefined)));
    return kept.every(Boolean);
  }

  /**
   * Forget files of earlier versions.
   *
   * @param {DeviceFile[]} files to be kept
   */
  async forgetOthers(files) {
    const keys = new Set(files.map((file) => this.#key(file)));
    for (const { url } of (await this.#store?.keys()) ?? []) {
      if (!keys.has(url)) await this.#store?.delete(url);
    }
  }

  /** @param {DeviceFile} file */
  #key({ sha256: hash }) {
    return new URL(`kept/${hash}`, this.#base).href;
  }

  /** @param {DeviceFile} file */
  async #kept(file) {
    const response = await this.#store?.match(this.#key(file)).catch(() => undefined);
    if (!response) return null;
    const bytes = new Uint8Array(await response.arrayBuffer());
    return (await sha256(bytes)) === file.sha256 ? bytes : null;
  }

  /**
   * @param {DeviceFile} file
   * @param {Uint8Array<ArrayBuffer>} bytes
   */
  async #keep(file, bytes) {
    await this.#store?.put(this.#key(file), new Response(bytes)).catch(() => {}); // a full disk only costs time
  }

  /**
   * @param {DeviceFile} file
   * @param {(bytes: number) => void} onProgress
   */
  async #download(file, onProgress) {
    const response = await this.#fetch(new URL(file.url, this.#base).href);
    if (!response.ok || !response.body) throw new Error(`${file.url} answered ${response.status}`);
    const bytes = new Uint8Array(file.size);
    const reader = response.body.getReader();
    let received = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (received + part.value.length > file.size) throw new Error(`${file.url} is longer than expected`);
      bytes.set(part.value, received);
      received += part.value.length;
      onProgress(part.value.length);
    }
    return bytes;
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The content of a gzipped file.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function gunzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
