// The map: Plotly draws points, contours and the surface; the canvas above them draws what moves with every frame.
// Gradio hands in element, props, watch and trigger; what the value holds is told in glyph_map.py.

const TEXT = {
  failed: "The map could not be loaded; please reload the page.",
  clean: "No noise: each point is a real glyph. The contours, if switched on, enclose 10, 30, 50, 70 and 90 % of them.",
  noisy:
    "The model's noise schedule at work on the map's two coordinates, an analogy: among 16,384 pixels a glyph stays " +
    "recognisable far longer, as One step shows.",
  amount: (t, share) => "t = " + t + (t ? " \u00b7 " + share + " % of the variance is signal" : ""),
  arrows: "Arrows: the score, the way to where the cloud is denser; denoising follows it.",
  surface: "Height: how densely the glyphs lie there.",
  lit: (label) => "Contours: where real glyphs lie whose definitions are near to \u201c" + label + "\u201d.",
  path: (label) =>
    "Path: where the model's guess lay, step by step" + (label ? ", for \u201c" + label + "\u201d" : "") + ", among the " +
    "eight real glyphs most like it. Early guesses are blurry, like many glyphs at once, and lie between the islands.",
  strokes: (n) => n + " stroke" + (n === 1 ? "" : "s"),
};
// Okabe & Ito 2008, and Tol's muted scheme: told apart by the colour-blind, too
const LAYOUT_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#8d8373"];
const RADICAL_COLOURS = {
  light: ["#332288", "#cc6677", "#117733", "#ddaa33", "#88ccee", "#882255", "#44aa99", "#999933", "#aa4499", "#e17c05", "#0072b2", "#661100", "#b9af9d"],
  dark: ["#9a8cff", "#ff8fa3", "#4fc26b", "#ddaa33", "#88ccee", "#d65c9a", "#44aa99", "#c3c34d", "#c98be0", "#f2953a", "#4aa3e0", "#d2694a", "#6f675c"],
};
// Nuñez et al. 2018, without the end that the ground would swallow
const CIVIDIS = {
  light: ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#bca965"],
  dark: ["#4e576c", "#666970", "#7d7c78", "#948e77", "#ada371", "#c6b766", "#e1cc55", "#fee838"],
};
const STROKES_A_COLOUR = 4;
const NUM_LARGEST = 12;
const GRID = 96;
const HOME = 2.15; // half of the side that is shown at first, in standard deviations
const MAX_GLYPHS_DRAWN = 300;
const CELL = 0.05; // of the index of places
const ARROWS_A_SIDE = 15;

const root = element.querySelector(".glyff-map");
const part = (name) => root.querySelector('[data-part="' + name + '"]');
const stage = part("stage");
const plot = part("plot");
const overlay = part("overlay");
const context = overlay.getContext("2d");
const theme = () => (root.closest(".dark") ? "dark" : "light");
const colourOf = (name) => getComputedStyle(root).getPropertyValue(name).trim();

const layers = {};
root.querySelectorAll("[data-layer]").forEach((box) => (layers[box.dataset.layer] = box.checked));
let xs, ys, tiles, glyphs, places; // positions, tile of each glyph, columns of glyphs.json, islands.json
let noiseX, noiseY; // one standard normal pair a glyph, the same for every timestep
let cells; // index of positions
let view = null; // {x, y, half}: what is shown; half is that of the shorter side
let shown = null; // the viewport that Plotly was told last
let timestep = 0;
let bins, palette, names; // which colour each glyph has, the colours, what they stand for
let hits = null; // Set of indices
let light = null; // {indices, weights, label}
let path = null; // {points, label, nearest}
let selected = null;
let hovered = null;
let plain = null; // weights of all glyphs, binned
let tourStep = -1;
let remark = ""; // said of the map while there is no noise
let glyphSize = 0; // side of the glyphs drawn in place of points; 0 while points are
let drawing = false;

// --- loading

async function load() {
  const hasWebGL = testWebGL();
  try {
    let packed;
    [, packed, tiles, glyphs, places] = await Promise.all([
      loadPlotly(), fetchBytes("positions.bin"), fetchBytes("tiles.bin"), fetchJson("glyphs.json"), fetchJson("islands.json"),
    ]);
    const unpack = (axis) =>
      Float32Array.from({ length: packed.length / 2 }, (_, i) => (packed[2 * i + axis] / 65535) * 2 * props.position_limit - props.position_limit);
    [xs, ys] = [unpack(0), unpack(1)];
    indexPlaces();
    drawNoise();
    plain = Density.bin(xs, ys, [...xs.keys()], null, GRID);
    view = { x: 0, y: 0, half: HOME };
    chooseColours();
    await drawPlot(hasWebGL);
  } catch (error) {
    console.warn(error);
    part("waiting").textContent = TEXT.failed;
    return;
  }
  part("waiting").hidden = true;
  part("fallback").hidden = hasWebGL;
  root.querySelectorAll("[inert]").forEach((controls) => (controls.inert = false));
  root.dataset.state = "ready";
  receive(props.value);
  followPath();
}

function testWebGL() {
  const trial = document.createElement("canvas");
  return Boolean(trial.getContext("webgl2") || trial.getContext("webgl"));
}

function loadPlotly() {
  if (window.Plotly) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = props.plotly_url;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}

const fetchFile = (name) =>
  fetch(props.map_url + "/" + name).then((answer) => {
    if (!answer.ok) throw new Error(name + ": " + answer.status);
    return answer;
  });
const fetchBytes = async (name) => new Uint16Array(await (await fetchFile(name)).arrayBuffer());
const fetchJson = async (name) => (await fetchFile(name)).json();

function indexPlaces() {
  cells = new Map();
  for (let i = 0; i < xs.length; i++) {
    const key = Math.floor(xs[i] / CELL) * 4096 + Math.floor(ys[i] / CELL);
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(i);
  }
}

function drawNoise() {
  const normal = normalPairs(1);
  noiseX = new Float32Array(xs.length);
  noiseY = new Float32Array(xs.length);
  for (let i = 0; i < xs.length; i++) [noiseX[i], noiseY[i]] = normal();
}

// --- noise

function showTimestep() {
  const share = (100 * alphaBar()).toFixed(alphaBar() < 0.1 ? 2 : 0);
  const amount = TEXT.amount(timestep, share);
  part("noise-text").textContent = amount;
  part("noise").setAttribute("aria-valuetext", amount);
  const layer = layers.surface ? TEXT.surface : layers.arrows ? TEXT.arrows : "";
  const note = [timestep ? TEXT.noisy : remark || TEXT.clean, layer].filter(Boolean).join(" ");
  if (part("note").textContent !== note) part("note").textContent = note; // read out when it changes
}

function setNoise(value) {
  part("noise").value = value;
  noise();
}

// The slider has moved; several moves within a frame are drawn once.
let isNoising = false;
function noise() {
  if (isNoising || !xs) return;
  isNoising = true;
  requestAnimationFrame(async () => {
    const start = performance.now();
    const wasClean = timestep === 0;
    timestep = Number(part("noise").value);
    showTimestep();
    hideCard();
    if (wasClean !== (timestep === 0)) paintPoints();
    if (layers.contours || layers.surface) await paintDensity();
    paint();
    root.dataset.noiseMs = (performance.now() - start).toFixed(1);
    root.dataset.timestep = timestep;
    isNoising = false;
    if (Number(part("noise").value) !== timestep) noise();
  });
}

// --- layers, legend, notes

async function setLayer(name, isOn) {
  if (layers[name] === isOn) return;
  layers[name] = isOn;
  root.querySelector('[data-layer="' + name + '"]').checked = isOn;
  if (!xs) return;
  if (name === "surface") {
    part("surface").hidden = !isOn;
    plot.hidden = part("zoom").hidden = isOn;
    hideCard();
    if (!isOn) move();
  }
  if (name === "points") await paintPoints();
  if (name === "contours" || name === "surface") await paintDensity();
  showTimestep();
  redraw();
}

function showLegend() {
  const swatches = names.map((name, i) => {
    const item = document.createElement("span");
    const swatch = document.createElement("i");
    swatch.style.background = palette[i];
    item.append(swatch, name);
    return item;
  });
  part("legend").replaceChildren(...swatches);
}

function say(text) {
  remark = text;
  showTimestep();
}

// --- what comes from outside

function receive(value) {
  if (!value || !xs) return;
  if (value.kind === "hits") {
    hits = value.indices ? new Set(value.indices) : null;
    root.dataset.hits = hits ? hits.size : "";
    paintPoints();
  } else if (value.kind === "light") {
    setLight(value.indices ? value : null);
    if (light && !layers.contours) setLayer("contours", true);
    else paintDensity();
  } else if (value.kind === "path") showPath(value);
  redraw();
}

function setLight(value) {
  light = value;
  root.dataset.lit = light ? light.indices.length : "";
  say(light ? TEXT.lit(light.label) : "");
}

function showPath(value) {
  const isNew = !path || String(path.points[0]) !== String(value.points[0]);
  path = value;
  root.dataset.path = path.points.length;
  if (isNew) {
    setNoise(0);
    say(TEXT.path(path.label));
  }
  redraw();
}

// A run in Generate leaves its path on the window, since this tab may not have been opened yet.
function followPath() {
  if (window.glyffPath && xs && glyphs) showPath(window.glyffPath);
}

// --- wiring

stage.tabIndex = 0;
stage.setAttribute("role", "application");
stage.setAttribute("aria-label", "Map of all characters; arrow keys move, plus and minus zoom, Enter picks what is in the middle");
stage.addEventListener("pointerdown", grab);
stage.addEventListener("pointermove", drag);
stage.addEventListener("pointerup", release);
stage.addEventListener("pointercancel", release);
stage.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hideCard());
stage.addEventListener("keydown", moveByKey);
stage.addEventListener(
  "wheel",
  (event) => {
    if (!xs || layers.surface) return;
    event.preventDefault();
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004), event);
  },
  { passive: false },
);
part("zoom-in").addEventListener("click", () => view && zoom(0.6));
part("zoom-out").addEventListener("click", () => view && zoom(1 / 0.6));
part("home").addEventListener("click", () => view && home());
part("colour").addEventListener("change", recolour);
root.querySelectorAll("[data-layer]").forEach((box) => box.addEventListener("change", () => setLayer(box.dataset.layer, box.checked)));
part("noise").addEventListener("input", noise);
part("tour").addEventListener("click", () => tour(0));
part("tour-back").addEventListener("click", () => tour(tourStep - 1));
part("tour-next").addEventListener("click", () => tour(tourStep + 1));
part("tour-end").addEventListener("click", endTour);
part("tour-box").addEventListener("keydown", (event) => event.key === "Escape" && endTour());
document.addEventListener("glyff-go", (event) => xs && root.isConnected && goTo(event.detail));
document.addEventListener("glyff-path", followPath);
new ResizeObserver(resize).observe(stage);
new MutationObserver(() => xs && (recolour(), paintDensity())).observe(document.body, { attributeFilter: ["class"] });
root.glyphMap = { Density, positions: () => ({ xs, ys }), at: (index) => {
  const { x, y, scale } = ranges();
  return [(xs[index] - x[0]) * scale, (y[1] - ys[index]) * scale];
} };
watch("value", () => receive(props.value));
load();
