/** Random numbers that are the same for every visitor. */

/**
 * A source of standard normal numbers (Box and Muller 1958) from uniform ones.
 *
 * @param {number} seed a 32-bit integer
 * @returns {() => [number, number]} draws the next two, independent of each other
 */
export function normalPairs(seed) {
  const uniform = uniformNumbers(seed);
  return () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  };
}

/**
 * The generator mulberry32 (Tommy Ettinger 2017).
 *
 * @param {number} seed a 32-bit integer
 * @returns {() => number} draws the next number, in [0, 1)
 */
export function uniformNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
