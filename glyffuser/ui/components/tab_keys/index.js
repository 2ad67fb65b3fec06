import { nextTab } from "./keys.js";

/**
 * Arrow keys, Home and End move the focus along the tabs and open the tab that has it.
 *
 * @param {{ element: HTMLElement }} page
 */
export function mount({ element }) {
  const { ownerDocument } = element;
  const listening = new AbortController();
  ownerDocument.addEventListener("keydown", move, { signal: listening.signal });
  return { update() {}, destroy: () => listening.abort() };

  /** @param {KeyboardEvent} event */
  function move(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.target instanceof HTMLElement)) return;
    const list = event.target.role === "tab" && event.target.closest("[role=tablist]");
    if (!list) return;
    const tabs = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
    const next = nextTab(event.key, tabs.indexOf(event.target), tabs.length);
    if (next === null) return;
    event.preventDefault();
    tabs[next].focus();
    tabs[next].click();
  }
}
