// What hands do on the map: point, pick, drag, zoom, type. Part of glyph_map.js.

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
  const isMotionReduced = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  stage.scrollIntoView({ block: "nearest", behavior: isMotionReduced ? "auto" : "smooth" });
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
  if (wasClick && event.type !== "pointercancel") pickAt(event);
}

function pickAt(event) {
  if (!glyphs || timestep > 0 || layers.surface) return;
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

function pickMiddle() {
  const box = stage.getBoundingClientRect();
  pickAt({ clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, pointerType: "touch" }); // as wide a reach as a finger's
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
  else if (event.key === "Enter") pickMiddle();
  else if (event.key === "Escape") hideCard();
  else return;
  event.preventDefault();
}
