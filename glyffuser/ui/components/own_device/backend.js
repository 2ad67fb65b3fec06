/**
 * Where the network can run on this device, and whether runs go there unasked.
 */

/** @typedef {"webgpu" | "wasm"} BackendName */

/**
 * @typedef {object} Backend
 * @property {BackendName} name
 * @property {"jspi" | "wasm"} build of the ONNX runtime
 * @property {number} threads
 * @property {number} maxRows rows of one call of the network
 * @property {boolean} isAutomatic whether runs are drawn here unless the visitor chooses otherwise
 */

/**
 * @typedef {object} Surroundings what the choice depends on
 * @property {boolean} isSecure Cache Storage, hashes and WebGPU need https or the own machine
 * @property {boolean} isIsolated threads need cross-origin isolation
 * @property {boolean} hasSimd
 * @property {boolean} hasJspi WebAssembly can wait for promises
 * @property {boolean} hasHardwareGpu
 * @property {boolean} isIos
 * @property {boolean} isDataSaved the visitor asked for few data
 * @property {number} cores
 * @property {number} memory gigabytes, as far as the browser tells; else Infinity
 */

const LEAST_MEMORY = 2; // gigabytes; a run takes 0.45 of them
const LEAST_AUTOMATIC_MEMORY = 4;
const MAX_THREADS = 4;

// (module (func (result v128) i32.const 0 i8x16.splat))
const SIMD_MODULE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
];

/**
 * @param {Surroundings} surroundings
 * @returns {Backend | null} null if the network cannot run here
 */
export function chooseBackend(surroundings) {
  const { isSecure, hasSimd, memory, isIsolated, cores } = surroundings;
  if (!isSecure || !hasSimd || memory < LEAST_MEMORY) return null;
  const isSpacious = memory >= LEAST_AUTOMATIC_MEMORY && !surroundings.isDataSaved;
  // WebGPU on iOS may crash after some hundred calls (microsoft/onnxruntime#27584)
  if (surroundings.hasHardwareGpu && surroundings.hasJspi && !surroundings.isIos) {
    return { name: "webgpu", build: "jspi", threads: 1, maxRows: 16, isAutomatic: isSpacious };
  }
  const threads = isIsolated ? Math.min(MAX_THREADS, cores, Math.max(2, cores >> 1)) : 1;
  return { name: "wasm", build: "wasm", threads, maxRows: 4, isAutomatic: false };
}

/** @returns {Promise<Surroundings>} */
export async function lookAround() {
  const { userAgent, maxTouchPoints, hardwareConcurrency } = navigator;
  const more = /** @type {{ deviceMemory?: number, connection?: { saveData?: boolean } }} */ (navigator);
  return {
    isSecure: globalThis.isSecureContext && "caches" in globalThis,
    isIsolated: globalThis.crossOriginIsolated === true,
    hasSimd: typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.from(SIMD_MODULE)),
    hasJspi: typeof WebAssembly === "object" && "Suspending" in WebAssembly,
    hasHardwareGpu: await hasHardwareGpu(),
    isIos: /iPad|iPhone|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1),
    isDataSaved: more.connection?.saveData === true,
    cores: hardwareConcurrency || 1,
    memory: more.deviceMemory ?? Infinity,
  };
}

/** A software adapter takes a hundred times as long as the processor by itself. */
async function hasHardwareGpu() {
  const { gpu } = /** @type {{ gpu?: { requestAdapter: () => Promise<any> } }} */ (navigator);
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter || adapter.isFallbackAdapter || adapter.info?.isFallbackAdapter) return false;
  return !/swiftshader|llvmpipe/i.test(`${adapter.info?.architecture} ${adapter.info?.description}`);
}
