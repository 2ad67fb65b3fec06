/** @typedef {import("../protocol.d.ts").FrameMessage} FrameMessage */

/** Share of the canvas that must be in view. */
const IN_VIEW = 0.5;

/**
 * Fetch the example run once half of the canvas is in view.
 *
 * @param {Element} canvas
 * @param {string} url of a JSON list of frames
 * @param {AbortSignal} signal ends the waiting and the fetching
 * @returns {Promise<FrameMessage[] | null>} null if the run cannot be had: the noise stays
 */
export async function fetchExample(canvas, url, signal) {
  await halfInView(canvas, signal);
  try {
    const answer = await fetch(url, { signal });
    const frames = answer.ok ? await answer.json() : null;
    return Array.isArray(frames) && frames.length ? frames : null;
  } catch {
    return null;
  }
}

/**
 * @param {Element} element
 * @param {AbortSignal} signal
 * @returns {Promise<void>} never resolved once the signal is aborted
 */
function halfInView(element, signal) {
  return new Promise((resolve) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.intersectionRatio >= IN_VIEW)) return;
        observer.disconnect();
        resolve();
      },
      { threshold: IN_VIEW },
    );
    observer.observe(element);
    signal.addEventListener("abort", () => observer.disconnect());
  });
}
