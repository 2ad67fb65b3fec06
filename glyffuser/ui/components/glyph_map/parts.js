/** Elements of the map's template. */

/**
 * @template {HTMLElement} T
 * @param {HTMLElement} root
 * @param {string} name value of the attribute data-part
 * @param {new () => T} type
 * @returns {T}
 */
export function part(root, name, type) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (found instanceof type) return found;
  throw new Error(`The template has no ${type.name} with data-part="${name}".`);
}
