/**
 * Find an element of the player by its `data-part` attribute.
 *
 * @template {HTMLElement} T
 * @param {Element} root
 * @param {string} name
 * @param {new () => T} type class that the element must have
 * @returns {T}
 */
export function part(root, name, type) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof type)) throw new Error(`the template has no ${type.name} with data-part="${name}"`);
  return found;
}
