/** @typedef {import("../protocol.d.ts").CharacterPicked} CharacterPicked */

/**
 * Listen to the buttons of a list of characters, whatever HTML the list shows.
 *
 * @param {{ element: HTMLElement, trigger: (event: string, data: CharacterPicked) => void }} page what Gradio hands in
 * @returns {{ update: () => void, destroy: () => void }}
 */
export function mount({ element, trigger }) {
  /** @param {Event} click */
  const listen = (click) => {
    const picked = click.target instanceof Element ? pickedBy(click.target) : null;
    if (picked) trigger("select", picked);
  };
  element.addEventListener("click", listen);
  return { update: () => {}, destroy: () => element.removeEventListener("click", listen) };
}

/**
 * What a click asks for.
 *
 * @param {{ closest: (selector: string) => unknown }} target where it fell
 * @returns {CharacterPicked | null} null beside the buttons
 */
export function pickedBy(target) {
  const button = /** @type {HTMLElement | null} */ (target.closest("button[data-action]"));
  if (!button) return null;
  const action = /** @type {CharacterPicked["action"]} */ (button.dataset.action);
  return { action, index: Number(button.dataset.index) };
}
