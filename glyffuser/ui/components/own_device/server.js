/** @typedef {import("../protocol.d.ts").DeviceRun} DeviceRun */
/** @typedef {import("../protocol.d.ts").DeviceFindings} DeviceFindings */
/** @typedef {import("../protocol.d.ts").DeviceOrder} DeviceOrder */
/** @typedef {import("../protocol.d.ts").OwnDeviceProps} OwnDeviceProps */

export const MAX_PREDICTIONS = 32; // as in glyffuser/ui/own_device.py

const FINISH_MILLISECONDS = 15_000; // then the glyphs are shown without what the data say of them

/** The fields of the page cannot be drawn; the message is a sentence for the visitor. */
export class RefusedError extends Error {}

/** What is asked of the server. */
export class Server {
  #base;
  #props;
  #fetch;

  /**
   * @param {string} base address of the page
   * @param {Pick<OwnDeviceProps, "begin_url" | "finish_url" | "wait_url">} props
   * @param {typeof fetch} [fetcher]
   */
  constructor(base, props, fetcher = (...request) => fetch(...request)) {
    this.#base = base;
    this.#props = props;
    this.#fetch = fetcher;
  }

  /**
   * Have the fields checked and the prompt encoded.
   *
   * @param {DeviceOrder["fields"]} fields
   * @returns {Promise<DeviceRun>}
   * @throws {RefusedError} if a field is at fault
   */
  async begin(fields) {
    const response = await this.#post(this.#props.begin_url, JSON.stringify(fields));
    if (!response.ok) throw new Error(`begin answered ${response.status}`);
    const answer = await response.json();
    if (answer.error) throw new RefusedError(answer.error);
    return answer;
  }

  /**
   * Send the finished glyphs, and predictions on the way whose positions are wanted.
   *
   * @param {string} run
   * @param {Uint8Array} glyphs
   * @param {Uint8Array[]} predictions at most `MAX_PREDICTIONS`
   * @returns {Promise<DeviceFindings>}
   */
  async finish(run, glyphs, predictions) {
    const parts = /** @type {Uint8Array<ArrayBuffer>[]} */ ([glyphs, ...predictions]);
    const signal = AbortSignal.timeout(FINISH_MILLISECONDS);
    const response = await this.#post(`${this.#props.finish_url}/${run}`, new Blob(parts), signal);
    if (!response.ok) throw new Error(`finish answered ${response.status}`);
    return response.json();
  }

  /**
   * Seconds until a run that has just been requested has its turn on the server; 0 if it does not say.
   *
   * @returns {Promise<number>}
   */
  async waitSeconds() {
    const response = await this.#fetch(new URL(this.#props.wait_url, this.#base).href).catch(() => null);
    return response?.ok ? (await response.json()).seconds : 0;
  }

  /**
   * @param {string} url
   * @param {BodyInit} body
   * @param {AbortSignal} [signal]
   */
  #post(url, body, signal) {
    return this.#fetch(new URL(url, this.#base).href, { method: "POST", body, signal });
  }
}
