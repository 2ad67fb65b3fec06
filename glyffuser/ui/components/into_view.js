/**
 * Scroll no further than it takes to show an element, at once where motion is unwelcome. The focus stays where it is.
 *
 * @param {HTMLElement} element
 */
export function bringIntoView(element) {
  const isMotionReduced = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block: "nearest", behavior: isMotionReduced ? "auto" : "smooth" });
}
