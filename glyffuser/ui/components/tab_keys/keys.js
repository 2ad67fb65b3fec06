/**
 * The tab that a key leads to, or null if it leads to none; after the last comes the first.
 *
 * @param {string} key
 * @param {number} current
 * @param {number} count
 * @returns {number | null}
 */
export function nextTab(key, current, count) {
  if (key === "ArrowRight") return (current + 1) % count;
  if (key === "ArrowLeft") return (current - 1 + count) % count;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
}
