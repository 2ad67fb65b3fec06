/** Loads plotly.js, which is a script and not a module, once a page. */

/** @typedef {import("./plotly.d.ts").PlotlyApi} PlotlyApi */

/** @type {Promise<PlotlyApi> | null} null before the first call and after a failed one */
let loading = null;

/**
 * @param {string} url of plotly.min.js
 * @returns {Promise<PlotlyApi>} a failed load is tried again by the next call
 */
export function loadPlotly(url) {
  loading ??= loadScript(url).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

/**
 * @param {string} url
 * @returns {Promise<PlotlyApi>}
 */
function loadScript(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const fail = () => {
      script.remove();
      reject(new Error(`${url} could not be loaded`));
    };
    script.src = url;
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : fail());
    script.onerror = fail;
    document.head.append(script);
  });
}
