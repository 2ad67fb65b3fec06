/** The elements of own_device.html. */

/** @typedef {ReturnType<typeof findParts>} Parts */

/** @param {Element} element holds the template */
export function findParts(element) {
  return {
    root: part(element, "root", HTMLElement),
    radios: Array.from(part(element, "where", HTMLElement).querySelectorAll("input")),
    device: part(element, "device", HTMLElement),
    progress: part(element, "progress", HTMLProgressElement),
    status: part(element, "status", HTMLElement),
    propose: part(element, "propose", HTMLButtonElement),
  };
}

/**
 * @template {HTMLElement} T
 * @param {Element} element
 * @param {string} name value of the attribute `data-part`
 * @param {new () => T} type class that the element must have
 * @returns {T}
 */
function part(element, name, type) {
  const found = element.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof type)) throw new Error(`the template has no ${type.name} with data-part="${name}"`);
  return found;
}
