/**
 * Random numbers of torch's CPU generator: the same seed gives the same noise as `torch.randn` on the server.
 *
 * Mersenne Twister MT19937 (Matsumoto & Nishimura 1998), whose lower 24 bits make a uniform number, and the Box-Muller
 * transform on blocks of 16 (ATen/native/cpu/DistributionTemplates.h, `normal_fill`).
 */

const STATE_SIZE = 624;
const SHIFT_SIZE = 397;
const BLOCK = 16;
const { fround } = Math;
const TWO_PI = fround(2 * Math.PI);

/** `torch.Generator().manual_seed(seed)`. */
export class TorchGenerator {
  #state = new Uint32Array(STATE_SIZE);
  #position = STATE_SIZE;

  /** @param {number} seed 0 to 2^32 - 1 */
  constructor(seed) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < STATE_SIZE; i++) {
      const mixed = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = Math.imul(1812433253, mixed) + i;
    }
  }

  /**
   * `torch.randn(size)` in float32, for sizes from 16 on: torch draws smaller ones in another way.
   *
   * @param {number} size
   */
  randn(size) {
    if (size < BLOCK) throw new RangeError(`size must be ${BLOCK} or more, got ${size}`);
    const values = new Float32Array(size);
    this.#fillUniform(values);
    for (let start = 0; start + BLOCK <= size; start += BLOCK) boxMuller(values.subarray(start, start + BLOCK));
    if (size % BLOCK) {
      const last = values.subarray(size - BLOCK); // torch draws the last 16 anew
      this.#fillUniform(last);
      boxMuller(last);
    }
    return values;
  }

  /** @param {Float32Array} values */
  #fillUniform(values) {
    for (let i = 0; i < values.length; i++) values[i] = (this.#next() & 0xffffff) / 0x1000000;
  }

  /** The next 32 random bits. */
  #next() {
    if (this.#position === STATE_SIZE) this.#twist();
    let y = this.#state[this.#position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist() {
    const state = this.#state;
    for (let i = 0; i < STATE_SIZE; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % STATE_SIZE] & 0x7fffffff);
      state[i] = state[(i + SHIFT_SIZE) % STATE_SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}

/**
 * Turn 16 uniform numbers into 16 normal ones, in place (Box & Muller 1958); each operation rounds to float32.
 *
 * @param {Float32Array} block
 */
function boxMuller(block) {
  const half = BLOCK / 2;
  for (let i = 0; i < half; i++) {
    const radius = fround(Math.sqrt(fround(-2 * fround(Math.log(fround(1 - block[i]))))));
    const angle = fround(TWO_PI * block[i + half]);
    block[i] = radius * fround(Math.cos(angle));
    block[i + half] = radius * fround(Math.sin(angle));
  }
}
