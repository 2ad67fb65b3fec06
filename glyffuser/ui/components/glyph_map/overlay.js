// What the canvas above Plotly draws: what moves with every frame, glyphs, hits, arrows, names and the path. Part of
// glyph_map.js.

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
