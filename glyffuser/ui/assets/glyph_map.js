// The map: Plotly draws points, contours and the surface; the canvas above them draws what moves with every frame.
// Gradio hands in element, props, watch and trigger; what the value holds is told in glyph_map.py.

const TEXT = {
  failed: "The map could not be loaded; please reload the page.",
  clean: "No noise: each point is a real glyph, and the contours are their density.",
  noisy: (t, share) =>
    "Timestep " + t + ": " + share + " % of the variance is signal. This is the shadow in two dimensions of what " +
    "happens to all 16,384 pixels: the cloud forgets its islands and becomes the standard normal.",
  lit: (label) => "Contours: where real glyphs lie whose definitions are near to \u201c" + label + "\u201d.",
  path: (label) => "Path: where the model's guess lay, step by step" + (label ? ", for \u201c" + label + "\u201d" : "") + ".",
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
  let seed = 1;
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0; // mulberry32
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  noiseX = new Float32Array(xs.length);
  noiseY = new Float32Array(xs.length);
  for (let i = 0; i < xs.length; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    noiseX[i] = radius * Math.cos(angle);
    noiseY[i] = radius * Math.sin(angle);
  }
}

// --- what Plotly draws

async function drawPlot(hasWebGL) {
  const drawn = hasWebGL ? [...xs.keys()] : [...xs.keys()].filter((i) => i % 5 === 0);
  root.dataset.points = drawn.length;
  plot.drawn = drawn;
  const points = {
    type: hasWebGL ? "scattergl" : "scatter",
    mode: "markers",
    x: Float32Array.from(drawn, (i) => xs[i]),
    y: Float32Array.from(drawn, (i) => ys[i]),
    marker: { size: 3, opacity: 0.8, color: drawn.map((i) => bins[i]), ...colourScale() },
    hoverinfo: "skip",
  };
  const contours = {
    type: "contour",
    x: Density.axis(GRID),
    y: Density.axis(GRID),
    z: [],
    visible: false,
    showscale: false,
    hoverinfo: "skip",
    autocontour: false,
    contours: { start: 0.1, end: 0.9, size: 0.2, coloring: "none" },
    line: { width: 1.5, color: colourOf("--glyff-ink"), smoothing: 0.8 },
  };
  const hidden = { visible: false, fixedrange: true };
  shown = viewport();
  const layout = {
    width: shown.width,
    height: shown.height,
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    xaxis: { ...hidden, range: shown["xaxis.range"] },
    yaxis: { ...hidden, range: shown["yaxis.range"] },
  };
  root.querySelector('[data-layer="surface"]').disabled = !hasWebGL;
  await Plotly.newPlot(plot, [points, contours], layout, { staticPlot: true, displayModeBar: false, responsive: false });
  resize();
}

function ranges() {
  const { width, height } = stage.getBoundingClientRect();
  const short = Math.min(width, height) || 1;
  const halfX = (view.half * width) / short;
  const halfY = (view.half * height) / short;
  return { x: [view.x - halfX, view.x + halfX], y: [view.y - halfY, view.y + halfY], scale: short / (2 * view.half) };
}

// What Plotly is told of the view.
function viewport() {
  const { x, y } = ranges();
  const { width, height } = stage.getBoundingClientRect();
  return { "xaxis.range": x, "yaxis.range": y, width, height };
}

function resize() {
  const { width, height } = stage.getBoundingClientRect();
  if (!width || !xs) return;
  const ratio = window.devicePixelRatio || 1;
  overlay.width = width * ratio;
  overlay.height = height * ratio;
  move();
}

// The view has changed; several changes within a frame are drawn once.
let isMoving = false;
function move() {
  if (isMoving || !xs) return;
  isMoving = true;
  requestAnimationFrame(() => {
    isMoving = false;
    const wanted = viewport();
    if (!layers.surface && JSON.stringify(wanted) !== JSON.stringify(shown)) Plotly.relayout(plot, (shown = wanted));
    paint();
  });
}

async function recolour() {
  if (!glyphs) return;
  chooseColours();
  await paintPoints();
  redraw();
}

function chooseColours() {
  const kind = part("colour").value;
  if (kind === "layout") {
    palette = LAYOUT_COLOURS;
    names = glyphs.layout_names;
    bins = Uint8Array.from(glyphs.layouts);
  } else if (kind === "radical") {
    const counts = new Map();
    glyphs.radicals.forEach((radical) => counts.set(radical, (counts.get(radical) || 0) + 1));
    const largest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, NUM_LARGEST).map(([radical]) => radical);
    palette = RADICAL_COLOURS[theme()];
    names = [...largest.map((radical) => glyphs.radical_names[radical - 1]), "all others"];
    bins = Uint8Array.from(glyphs.radicals, (radical) => (largest.includes(radical) ? largest.indexOf(radical) : NUM_LARGEST));
  } else {
    palette = CIVIDIS[theme()];
    const last = palette.length - 1;
    if (kind === "strokes") {
      const least = (bin) => STROKES_A_COLOUR * bin + 1;
      bins = Uint8Array.from(glyphs.strokes, (n) => Math.min(Math.floor((n - 1) / STROKES_A_COLOUR), last));
      names = palette.map((_, bin) => (bin === last ? least(bin) + " strokes and more" : least(bin) + "\u2013" + (least(bin + 1) - 1)));
    } else {
      const rank = Density.enclosed(Density.grid(plain, GRID, 1, props.bandwidth));
      bins = Uint8Array.from(xs, (_, i) => Math.floor((1 - at(rank, xs[i], ys[i])) * palette.length));
      names = ["sparse", ...Array(last - 1).fill(""), "dense"];
    }
  }
  showLegend();
}

function colourScale() {
  const colorscale = palette.flatMap((colour, i) => [[i / palette.length, colour], [(i + 1) / palette.length, colour]]);
  return { colorscale, cmin: -0.5, cmax: palette.length - 0.5 };
}

function at(rows, x, y) {
  const index = (v) => Math.min(Math.max(Math.round(((v + Density.LIMIT) / (2 * Density.LIMIT)) * (GRID - 1)), 0), GRID - 1);
  return Math.min(Math.max(rows[index(y)][index(x)], 0.0001), 0.9999);
}

function paintPoints() {
  const { colorscale, cmin, cmax } = colourScale();
  return Plotly.restyle(
    plot,
    {
      "marker.color": hitsNow() ? [colourOf("--glyff-line")] : [plot.drawn.map((i) => bins[i])],
      "marker.colorscale": [colorscale],
      "marker.cmin": cmin,
      "marker.cmax": cmax,
      visible: layers.points && timestep === 0,
    },
    [0],
  );
}

function alphaBar() {
  return timestep === 0 ? 1 : props.alphas_cumprod[timestep];
}

function weightsOnGrid() {
  return light ? Density.bin(xs, ys, light.indices, light.weights, GRID) : plain;
}

function paintDensity() {
  if (!layers.contours && !layers.surface) return Plotly.restyle(plot, { visible: false }, [1]);
  const q = Density.grid(weightsOnGrid(), GRID, alphaBar(), props.bandwidth);
  if (layers.surface) return paintSurface(q);
  const z = Density.enclosed(q);
  return Plotly.restyle(plot, { z: [z], visible: true, "line.color": colourOf(light ? "--glyff-seal" : "--glyff-ink") }, [1]);
}

function paintSurface(q) {
  const surface = part("surface");
  const side = Density.axis(GRID);
  const hidden = { visible: false };
  const trace = { type: "surface", x: side, y: side, z: q, colorscale: "Cividis", showscale: false, hoverinfo: "skip" };
  const layout = {
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    uirevision: "kept",
    scene: {
      xaxis: { ...hidden, range: [-3, 3] },
      yaxis: { ...hidden, range: [-3, 3] },
      zaxis: hidden,
      aspectratio: { x: 1.4, y: 1.4, z: 0.6 },
      camera: { eye: { x: 0.2, y: -1.65, z: 1.15 }, center: { x: 0, y: 0, z: -0.2 } }, // from the south, as the map lies
    },
  };
  return Plotly.react(surface, [trace], layout, { displayModeBar: false, responsive: true });
}

// --- what the canvas draws

function redraw() {
  if (drawing || !xs) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    paint();
  });
}

function paint() {
  const { x, y, scale } = ranges();
  const ratio = window.devicePixelRatio || 1;
  const toX = (value) => (value - x[0]) * scale;
  const toY = (value) => (y[1] - value) * scale;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, overlay.width, overlay.height);
  if (layers.surface) return;
  const inView = timestep === 0 ? visible(x, y) : [];
  const drawsGlyphs = timestep === 0 && layers.points && inView.length <= MAX_GLYPHS_DRAWN;
  glyphSize = drawsGlyphs ? sizeOfGlyphs(inView.length) : 0;
  root.dataset.drawn = drawsGlyphs ? "glyphs" : "dots";
  if (timestep > 0 && layers.points) paintCloud(toX, toY);
  if (drawsGlyphs) inView.forEach((index) => paintGlyph(index, toX(xs[index]), toY(ys[index])));
  if (timestep === 0) paintHits(toX, toY);
  if (layers.arrows) paintArrows(x, y, toX, toY, scale);
  if (layers.labels && timestep === 0 && !drawsGlyphs) paintLabels(toX, toY);
  if (layers.path && path && timestep === 0) paintPath(toX, toY);
  if (selected !== null && timestep === 0) ring(toX(xs[selected]), toY(ys[selected]), glyphSize ? 0.75 * glyphSize : 9, 3);
}

function visible(x, y) {
  const found = [];
  for (let i = 0; i < xs.length; i++) {
    if (xs[i] >= x[0] && xs[i] <= x[1] && ys[i] >= y[0] && ys[i] <= y[1]) found.push(i);
  }
  return found;
}

// x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise
function paintCloud(toX, toY) {
  const signal = Math.sqrt(alphaBar());
  const sigma = Math.sqrt(1 - alphaBar());
  const paintThose = (colour, areMeant) => {
    context.fillStyle = colour;
    for (let i = 0; i < xs.length; i++) {
      if (areMeant(i)) context.fillRect(toX(signal * xs[i] + sigma * noiseX[i]) - 1, toY(signal * ys[i] + sigma * noiseY[i]) - 1, 2, 2);
    }
  };
  const found = hitsNow();
  context.globalAlpha = 0.8;
  if (found) {
    paintThose(colourOf("--glyff-line"), (i) => !found.has(i));
    paintThose(colourOf("--glyff-seal"), (i) => found.has(i));
  } else palette.forEach((colour, bin) => paintThose(colour, (i) => bins[i] === bin));
  context.globalAlpha = 1;
}

function sizeOfGlyphs(count) {
  const { width, height } = stage.getBoundingClientRect();
  return Math.min(Math.max(Math.sqrt((width * height) / Math.max(count, 1)) * 0.7, 22), props.tile_size);
}

function paintGlyph(index, x, y) {
  drawTile(context, index, x - glyphSize / 2, y - glyphSize / 2, glyphSize, redraw);
}

// A search is set aside during the tour, which has colours of its own.
function hitsNow() {
  return tourStep < 0 ? hits : null;
}

function paintHits(toX, toY) {
  const found = hitsNow();
  const marked = found ? [...found] : light ? light.indices : [];
  if (!marked.length) return;
  const most = found ? 1 : Math.max(...light.weights);
  const { width, height } = stage.getBoundingClientRect();
  context.fillStyle = context.strokeStyle = colourOf("--glyff-seal");
  context.lineWidth = 2;
  marked.forEach((index, k) => {
    const [px, py] = [toX(xs[index]), toY(ys[index])];
    if (px < -9 || py < -9 || px > width + 9 || py > height + 9) return;
    const radius = found ? 3 : 1 + 5 * Math.sqrt(light.weights[k] / most);
    context.beginPath();
    context.arc(px, py, glyphSize ? glyphSize * 0.72 : radius, 0, 2 * Math.PI);
    if (glyphSize) context.stroke();
    else context.fill();
  });
}

function paintArrows(x, y, toX, toY, scale) {
  const places = (range) => Array.from({ length: ARROWS_A_SIDE }, (_, i) => range[0] + ((i + 0.5) / ARROWS_A_SIDE) * (range[1] - range[0]));
  const spacing = Math.min(x[1] - x[0], y[1] - y[0]) / ARROWS_A_SIDE;
  const arrows = Density.scores(weightsOnGrid(), GRID, alphaBar(), props.bandwidth, places(x), places(y));
  context.strokeStyle = colourOf("--glyff-ink");
  context.lineWidth = 1.5;
  context.globalAlpha = 0.75;
  arrows.forEach(({ x: px, y: py, dx, dy }) => {
    const length = Math.hypot(dx, dy);
    if (length < 1e-6) return;
    const drawn = (0.8 * spacing * length) / (length + 2); // long pulls are shortened, none leaves its cell
    const angle = Math.atan2(-dy, dx);
    const [fromX, fromY] = [toX(px), toY(py)];
    const [tipX, tipY] = [fromX + Math.cos(angle) * drawn * scale, fromY + Math.sin(angle) * drawn * scale];
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(tipX, tipY);
    for (const turn of [2.6, -2.6]) {
      context.moveTo(tipX, tipY);
      context.lineTo(tipX + 5 * Math.cos(angle + turn), tipY + 5 * Math.sin(angle + turn));
    }
    context.stroke();
  });
  context.globalAlpha = 1;
}

function paintLabels(toX, toY) {
  if (!places) return;
  context.textAlign = "center";
  context.lineJoin = "round";
  const taken = [];
  places.islands.forEach((island) => {
    const [px, py] = [toX(island.x), toY(island.y)];
    const half = 4 * island.name.length + 4;
    if (taken.some((box) => Math.abs(box.px - px) < half + box.half && Math.abs(box.py - py) < 18)) return;
    taken.push({ px, py, half });
    context.font = "600 13px ui-sans-serif, system-ui, sans-serif";
    context.lineWidth = 4;
    context.strokeStyle = colourOf("--glyff-paper");
    context.strokeText(island.name, px, py + 4);
    context.fillStyle = colourOf("--glyff-ink");
    context.fillText(island.name, px, py + 4);
  });
}

// Dark on a light rim, so that it is seen on every colour of point and on what is lit up.
function paintPath(toX, toY) {
  const places = path.points.map(([x, y]) => [toX(x), toY(y)]);
  const end = places.length - 1;
  const line = new Path2D();
  places.forEach(([px, py], i) => (i ? line.lineTo(px, py) : line.moveTo(px, py)));
  const dots = new Path2D();
  places.forEach(([px, py], i) => {
    const radius = i === end ? 6 : 2.5;
    dots.moveTo(px + radius, py);
    dots.arc(px, py, radius, 0, 2 * Math.PI);
  });
  context.lineJoin = "round";
  context.strokeStyle = colourOf("--glyff-paper");
  for (const [shape, width] of [[line, 5], [dots, 3]]) {
    context.lineWidth = width;
    context.stroke(shape);
  }
  context.strokeStyle = context.fillStyle = colourOf("--glyff-ink");
  context.lineWidth = 2;
  context.stroke(line);
  context.fill(dots);
  if (path.nearest !== null) ring(toX(xs[path.nearest]), toY(ys[path.nearest]), 13, 3);
}

function ring(px, py, radius, width) {
  context.strokeStyle = colourOf("--glyff-seal");
  context.lineWidth = width;
  context.beginPath();
  context.arc(px, py, radius, 0, 2 * Math.PI);
  context.stroke();
}

// --- sprites

const pages = new Map();

function pageOf(index) {
  const number = Math.floor(tiles[index] / props.tiles_a_side ** 2);
  if (!pages.has(number)) {
    const image = new Image();
    const page = { image, isReady: false };
    image.src = props.map_url + "/sprites/" + String(number).padStart(2, "0") + ".webp";
    page.ready = image.decode().then(() => (page.isReady = true));
    page.ready.catch(() => pages.delete(number)); // asked for again when it is next needed
    pages.set(number, page);
  }
  return pages.get(number);
}

// Draws now, or asks for the page and calls back when it has come.
function drawTile(target, index, x, y, size, whenReady) {
  const page = pageOf(index);
  if (!page.isReady) return void page.ready.then(whenReady, () => {});
  const place = tiles[index] % props.tiles_a_side ** 2;
  const side = props.tile_size;
  const column = place % props.tiles_a_side;
  const row = Math.floor(place / props.tiles_a_side);
  target.drawImage(page.image, column * side, row * side, side, side, x, y, size, size);
}

// --- pointing, picking

function nearest(event) {
  const box = stage.getBoundingClientRect();
  const { x, y, scale } = ranges();
  const px = x[0] + (event.clientX - box.left) / scale;
  const py = y[1] - (event.clientY - box.top) / scale;
  const reach = (glyphSize / 2 || (event.pointerType === "touch" ? 20 : 10)) / scale;
  const found = hitsNow();
  const span = Math.ceil(reach / CELL);
  let best = null;
  let least = Infinity;
  for (let i = -span; i <= span; i++) {
    for (let j = -span; j <= span; j++) {
      const key = (Math.floor(px / CELL) + i) * 4096 + Math.floor(py / CELL) + j;
      for (const index of cells.get(key) || []) {
        const distance = Math.hypot(xs[index] - px, ys[index] - py);
        if (distance > reach) continue;
        const preferred = found && !found.has(index) ? 4 * distance : distance; // a hit beside another point is what one means
        if (preferred < least) [best, least] = [index, preferred];
      }
    }
  }
  return best;
}

function point(event) {
  if (!glyphs || timestep > 0 || layers.surface) return hideCard();
  const index = nearest(event);
  if (index === null) return hideCard();
  showCard(index, event);
}

function showCard(index, event) {
  const card = part("card");
  const box = stage.getBoundingClientRect();
  if (index !== hovered) {
    hovered = index;
    card.dataset.index = index;
    card.dataset.picture = "";
    part("card-title").textContent = titleOf(index);
    part("card-definition").textContent = glyphs.definitions[index];
    paintCard();
  }
  card.hidden = false;
  const left = event.clientX - box.left;
  const top = event.clientY - box.top;
  card.style.left = Math.max(4, Math.min(left + 14, box.width - card.offsetWidth - 4)) + "px";
  card.style.top = (top + 14 + card.offsetHeight > box.height ? Math.max(4, top - card.offsetHeight - 14) : top + 14) + "px";
}

function paintCard() {
  const index = hovered;
  if (index === null) return;
  const picture = part("card-glyph").getContext("2d");
  picture.clearRect(0, 0, 64, 64);
  drawTile(picture, index, 0, 0, 64, () => hovered === index && paintCard());
  if (pageOf(index).isReady) part("card").dataset.picture = index;
}

function titleOf(index) {
  const code = "U+" + glyphs.codepoints[index].toString(16).toUpperCase().padStart(4, "0");
  const radical = glyphs.radicals[index];
  return [code, "radical " + radical + " " + glyphs.radical_names[radical - 1], TEXT.strokes(glyphs.strokes[index]), glyphs.layout_names[glyphs.layouts[index]]].join(" \u00b7 ");
}

function hideCard() {
  hovered = null;
  part("card").hidden = true;
}

function select(index) {
  selected = index;
  root.dataset.selected = index;
  redraw();
  trigger("select", { index });
}

function goTo(index) {
  setNoise(0);
  setLayer("surface", false);
  view = { x: xs[index], y: ys[index], half: Math.min(view.half, 0.35) };
  move();
  select(index);
  stage.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

// --- moving about: drag, wheel, two fingers, keys, buttons

const pointers = new Map();
let dragged = 0;

function grab(event) {
  if (!xs || layers.surface || event.button || event.target.closest("button, .glyff-map-tour")) return;
  pointers.set(event.pointerId, event);
  dragged = 0;
  stage.setPointerCapture(event.pointerId);
}

function drag(event) {
  if (event.pointerType === "mouse" && !event.buttons) pointers.delete(event.pointerId); // released out of sight
  if (!pointers.has(event.pointerId)) return point(event);
  const before = [...pointers.values()];
  const last = pointers.get(event.pointerId);
  pointers.set(event.pointerId, event);
  const after = [...pointers.values()];
  const { scale } = ranges();
  if (after.length === 1) {
    dragged += Math.hypot(event.clientX - last.clientX, event.clientY - last.clientY);
    if (dragged < 5) return;
    view.x -= (event.clientX - last.clientX) / scale;
    view.y += (event.clientY - last.clientY) / scale;
    keepInside();
    move();
  } else {
    dragged = 100;
    const spread = (pair) => Math.hypot(pair[0].clientX - pair[1].clientX, pair[0].clientY - pair[1].clientY);
    const middle = { clientX: (after[0].clientX + after[1].clientX) / 2, clientY: (after[0].clientY + after[1].clientY) / 2 };
    zoom(spread(before) / Math.max(spread(after), 1), middle);
  }
  hideCard();
}

function release(event) {
  const wasClick = pointers.has(event.pointerId) && pointers.size === 1 && dragged < 5;
  pointers.delete(event.pointerId);
  if (!wasClick || event.type === "pointercancel" || !glyphs || timestep > 0) return;
  const index = nearest(event);
  if (index === null) return hideCard();
  showCard(index, event);
  select(index);
}

function zoom(factor, around) {
  const { x, y, scale } = ranges();
  const box = stage.getBoundingClientRect();
  const px = around ? x[0] + (around.clientX - box.left) / scale : view.x;
  const py = around ? y[1] - (around.clientY - box.top) / scale : view.y;
  const half = Math.min(Math.max(view.half * factor, 0.03), 4.2);
  view.x = px + ((view.x - px) * half) / view.half;
  view.y = py + ((view.y - py) * half) / view.half;
  view.half = half;
  keepInside();
  move();
}

function keepInside() {
  view.x = Math.min(Math.max(view.x, -3), 3);
  view.y = Math.min(Math.max(view.y, -3), 3);
}

function home() {
  view = { x: 0, y: 0, half: HOME };
  move();
}

function moveByKey(event) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  if (event.target !== stage || !view) return;
  if (event.key in steps) {
    view.x += 0.2 * view.half * steps[event.key][0];
    view.y += 0.2 * view.half * steps[event.key][1];
    keepInside();
    move();
  } else if (event.key === "+" || event.key === "=") zoom(0.7);
  else if (event.key === "-") zoom(1.4);
  else if (event.key === "Escape") hideCard();
  else return;
  event.preventDefault();
}

// --- noise

function showTimestep() {
  const share = (100 * alphaBar()).toFixed(alphaBar() < 0.1 ? 2 : 0);
  part("noise-text").textContent = "t = " + timestep;
  part("note").textContent = timestep ? TEXT.noisy(timestep, share) : remark || TEXT.clean;
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

// --- the guided tour

const TOUR = [
  { text: "Every point is a real character. Nobody told the map what any of them means or how it is built: it only compared pictures, and put what looks alike side by side.", colour: "layout" },
  { text: "The great continent: characters built from a left and a right half. Two out of three are made that way.", place: () => places.continents[0], half: 1.2, colour: "layout" },
  { text: "The second continent: characters built from top to bottom.", place: () => places.continents[1], half: 1.1, colour: "layout" },
  { text: "An island: nearly all of these carry the three drops of water on their left. Their meanings flow, drip, swim and drown.", place: () => island("water"), half: 0.5, colour: "radical" },
  { text: "And the island of speech: to ask, to tell, to promise, to lie.", place: () => island("speech"), half: 0.5, colour: "radical" },
  { text: "Closer still, points become glyphs. Point at one to read its definition; click it to see its neighbours.", place: () => island("silk"), half: 0.07, colour: "radical" },
  { text: "Seen as a landscape of probability: mountains where glyphs crowd. This is what the model has to learn, in 16,384 dimensions instead of two.", layers: ["contours"], colour: "density" },
  { text: "Now noise: the forward process. The islands drift together and blur, and the contours become round.", noise: 300, layers: ["contours"] },
  { text: "The arrows are the score, the way back uphill. Denoising follows them, step by step. That is the whole idea.", noise: 300, layers: ["contours", "arrows"] },
];

function island(name) {
  return places.islands.find((one) => one.name === name) || places.islands[0];
}

function tour(step) {
  tourStep = step;
  const box = part("tour-box");
  const stop = TOUR[step];
  box.hidden = false;
  root.dataset.tour = step;
  setLight(null); // what was lit up would be taken for part of the tour
  part("tour-text").textContent = stop.text;
  part("tour-back").disabled = step === 0;
  part("tour-next").hidden = step === TOUR.length - 1;
  const active = document.activeElement;
  if (!box.contains(active) || active.disabled || active.hidden) {
    part(step === TOUR.length - 1 ? "tour-end" : "tour-next").focus({ preventScroll: true });
  }
  setLayer("surface", false);
  for (const name of ["contours", "arrows"]) setLayer(name, (stop.layers || []).includes(name));
  if (stop.colour && part("colour").value !== stop.colour) {
    part("colour").value = stop.colour;
  }
  recolour();
  const place = stop.place ? stop.place() : { x: 0, y: 0 };
  view = { x: place.x, y: place.y, half: stop.half || (stop.noise ? 3.2 : HOME) };
  setNoise(stop.noise || 0);
  move();
}

function endTour() {
  tourStep = -1;
  part("tour-box").hidden = true;
  root.dataset.tour = "";
  recolour();
  for (const name of ["contours", "arrows"]) setLayer(name, false);
  setNoise(0);
  home();
  part("tour").focus();
}

// --- wiring

stage.tabIndex = 0;
stage.setAttribute("role", "application");
stage.setAttribute("aria-label", "Map of all characters; arrow keys move, plus and minus zoom");
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
