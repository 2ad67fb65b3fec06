/** The elements of player.html. */

/**
 * Find the elements that the player itself uses.
 *
 * @param {Element} element holds the template
 */
export function findParts(element) {
  return {
    root: part(element, "root", HTMLElement),
    canvas: part(element, "canvas", HTMLCanvasElement),
    names: part(element, "names", HTMLElement),
    stage: part(element, "stage", HTMLElement),
    waiting: part(element, "waiting", HTMLElement),
    caption: part(element, "caption", HTMLElement),
    play: part(element, "play", HTMLButtonElement),
    scrubber: part(element, "scrubber", HTMLInputElement),
    radios: Array.from(part(element, "views", HTMLElement).querySelectorAll("input")),
    status: part(element, "status", HTMLElement),
  };
}

/**
 * Find the elements of the row that keeps a run.
 *
 * @param {Element} element holds the template
 */
export function findKeepParts(element) {
  return {
    download: part(element, "download", HTMLAnchorElement),
    downloadOne: part(element, "download-one", HTMLAnchorElement),
    animation: part(element, "animation", HTMLButtonElement),
    handOver: part(element, "hand-over", HTMLButtonElement),
    link: part(element, "link", HTMLAnchorElement),
    byHand: part(element, "by-hand", HTMLElement),
    address: part(element, "address", HTMLInputElement),
    picked: part(element, "picked", HTMLElement),
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
