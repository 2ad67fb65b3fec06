/** @typedef {import("../protocol.d.ts").DeviceRun} DeviceRun */
/** @typedef {import("../protocol.d.ts").DeviceFindings} DeviceFindings */
/** @typedef {import("../protocol.d.ts").DeviceOrder} DeviceOrder */
/** @typedef {import("../protocol.d.ts").OwnDeviceProps} OwnDeviceProps */

export const MAX_PREDICTIONS = 32; // as in glyffuser/ui/own_device.py

/** The fields of the page cannot be drawn; the message is a sentence for the visitor. */
export class RefusedError extends Error {}

/** The two questions that a run puts to the server. */
export class Server {
  #base;
  #props;
  #fetch;

  /**
   * @param {string} base address of the page
   * @param {Pick<OwnDeviceProps, "begin_url" | "finish_url">} props
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
    const response = await this.#post(`${this.#props.finish_url}/${run}`, new Blob(parts));
    if (!response.ok) throw new Error(`finish answered ${response.status}`);
    return response.json();
  }

  /**
   * @param {string} url
   * @param {BodyInit} body
   */
  #post(url, body) {
    return this.#fetch(new URL(url, this.#base).href, { method: "POST", body });
  }
}
