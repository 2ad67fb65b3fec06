/**
 * Scroll no further than it takes to show an element, at once where motion is unwelcome. The focus stays where it is.
 *
 * @param {HTMLElement} element
 * @param {"nearest" | "start"} [block] "start" puts it at the top of the window
 */
export function bringIntoView(element, block = "nearest") {
  const isMotionReduced = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block, behavior: isMotionReduced ? "auto" : "smooth" });
}
