// Draws the frames of a run on a canvas and keeps them. Gradio hands in element, props, watch and trigger; what the value
// holds is told in frame_player.py.

const TEXT = {
  views: { x_t: "Noisy glyph", pred_x_0: "Predicted glyph" },
  viewsLabel: "What to look at",
  play: "Play",
  pause: "Pause",
  scrubber: "Step",
  noise: "The start: pure noise, drawn from the seed.",
  x_t: "What is there: glyph and noise mixed.",
  pred_x_0: "What the model believes lies behind the noise, guidance included.",
  example: (label) => "Example: " + label + " · ",
  done: (note) => "Finished. " + (note ? note + " " : ""),
  pick: "Pick a glyph, or drag the bar back through the steps.",
  pickNew: "Pick a glyph to see whether it is new, or drag the bar back through the steps.",
  stepOf: (step, steps, unit) => (unit || "step") + " " + step + " of " + steps,
  timestep: { x_t: (timestep) => " · timestep " + timestep, pred_x_0: (timestep) => " · guessed at timestep " + timestep },
  stopped: (where) => "Stopped at " + where + ".",
  glyphs: (count) => (count === 1 ? "1 glyph" : count + " glyphs"),
  promised: (label) => (label ? " for " + label : " without a definition"),
  picked: (number, name) => "Glyph " + number + " · " + name,
  seed: (seed) => "seed " + seed,
  seeds: (first, last) => (first === last ? "Seed " + first : "Seeds " + first + " to " + last),
  download: "Download PNG",
  downloadOne: "Download this glyph",
  animation: "Download animation",
  animating: "Making the animation…",
  animated: "The animation is made.",
  noAnimation: "The animation could not be made; try again.",
  handOver: "Take this glyph apart",
  link: "Copy a link to this run",
  linkCopied: "Link copied",
  started: "Denoising has begun.",
  keys: "Arrow keys pick a glyph, Escape lets go of it.",
};
const TILE = 128;
const GAP = 6;
const NAME_GAP = 24; // below a glyph that has its name there
const REPLAY_MS = 1000 / 12;
const FOLLOW_MS = 1000 / 30;
const GIF_FRAMES = 40; // at most
const GIF_WIDTH = 300; // narrower grids are drawn at twice their size
const GIF_MS = { first: 800, between: 80, last: 2500 };
const GIF_LABEL = 26; // height of the line with the prompt
const GIF_LEAST_TEXT = 9;

const root = element.querySelector(".glyff-player");
const part = (name) => root.querySelector('[data-part="' + name + '"]');
const canvas = part("canvas");
const context = canvas.getContext("2d");
const scrubber = part("scrubber");

const isMotionReduced = window.matchMedia("(prefers-reduced-motion: reduce)");

let frames = []; // of the current run, in order of their steps
let shown = -1; // index of the frame on the canvas, or on its way there
let view = props.view || "x_t";
let isLive = true; // whether the canvas follows the run
let picked = null; // index of a glyph
let told = null; // the picture of it that the page was last told
let timer = null; // of replay or of following
let isReplaying = false;
let isAnimating = false;
let asked = 0; // pictures asked for and painted, so that none is painted over by an older one
let painted = 0;
const endedRuns = new Set(); // frames still on their way from these are too late

// --- frames come in

function receive(value) {
  if (!value) return;
  if (value.state === "stopped") return stop();
  if (endedRuns.has(value.run)) return;
  if (value.run !== root.dataset.run) begin(value);
  else if (frames.length && value.step <= frames[frames.length - 1].step) return;
  keep(value);
  if (frames.length === 1) offerDownloads();
  if (value.state === "done") finish(value);
  if (isLive) follow();
  announcePath();
}

// The map draws it, now or when it is opened.
function announcePath() {
  const placed = frames.filter((frame) => frame.places);
  if (!placed.length) return;
  const index = picked || 0;
  const last = placed[placed.length - 1];
  const nearest = last.state === "done" ? last.nearest[index] : null;
  window.glyffPath = { points: placed.map((frame) => frame.places[index]), label: last.label, nearest };
  document.dispatchEvent(new CustomEvent("glyff-path"));
}

function begin(frame) {
  if (root.dataset.run) endedRuns.add(root.dataset.run);
  clear(frame);
  root.dataset.state = "running";
  part("status").textContent = TEXT.started;
  root.scrollIntoView({ block: "nearest", behavior: isMotionReduced.matches ? "auto" : "smooth" }); // on a phone the canvas lies below the prompt
}

function clear(frame) {
  halt();
  frames = [];
  shown = -1;
  isLive = true;
  picked = null;
  painted = ++asked; // pictures still on their way are those of the run before
  root.dataset.run = frame.run;
  root.dataset.step = "";
  writeNames(frame);
  scrubber.disabled = part("play").disabled = false;
}

function keep(frame) {
  frames.push(frame);
  root.dataset.frames = frames.length;
  scrubber.max = frames.length - 1;
}

function finish(frame) {
  endedRuns.add(frame.run);
  root.dataset.state = "done";
  part("status").textContent = TEXT.done(frame.note);
  offerDownloads();
}

function stop() {
  if (root.dataset.state !== "running") return;
  endedRuns.add(root.dataset.run);
  root.dataset.state = "stopped";
  part("status").textContent = TEXT.stopped(whereIs(frames[frames.length - 1]));
  if (shown >= 0) describe(frames[shown]);
}

// --- before the first run: one that was drawn earlier plays when the player comes into view

function awaitView() {
  const half = { threshold: 0.5 };
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.intersectionRatio >= half.threshold)) return;
    observer.disconnect();
    fetch(props.example_url)
      .then((answer) => (answer.ok ? answer.json() : null))
      .catch(() => null) // the noise stays
      .then((run) => {
        if (run && !root.dataset.run) showExample(run);
      });
  }, half);
  observer.observe(canvas);
}

function showExample(run) {
  clear(run[0]);
  run.forEach(keep);
  root.dataset.state = "example";
  offerDownloads();
  show(isMotionReduced.matches ? frames.length - 1 : 0);
  if (!isMotionReduced.matches) replay();
}

// --- which frame is shown

// A run that comes all at once is still seen step by step; in a hidden page only its end matters.
function follow() {
  if (timer) return;
  if (!isLive || shown >= frames.length - 1) return;
  show(document.hidden ? frames.length - 1 : shown + 1);
  timer = setTimeout(() => {
    timer = null;
    follow();
  }, FOLLOW_MS);
}

function replay() {
  if (isReplaying) return halt();
  halt();
  isLive = false;
  isReplaying = true;
  part("play").textContent = TEXT.pause;
  if (shown >= frames.length - 1) show(0);
  timer = setInterval(() => (shown < frames.length - 1 ? show(shown + 1) : catchUp()), REPLAY_MS);
}

// A replay that has come to the newest frame of a run follows it from there on.
function catchUp() {
  halt();
  isLive = true;
  follow();
}

function halt() {
  clearTimeout(timer);
  timer = null;
  isReplaying = false;
  part("play").textContent = TEXT.play;
}

function scrub() {
  halt();
  show(Number(scrubber.value));
  isLive = shown === frames.length - 1;
}

function show(index) {
  shown = index;
  scrubber.value = index;
  const frame = frames[index];
  const ticket = ++asked;
  picture(frame, view).then((image) => {
    if (ticket < painted) return;
    painted = ticket;
    paint(image, frame);
    root.dataset.step = frame.step;
    describe(frame);
  });
}

// The pure noise has no prediction yet: both views show it.
function picture(frame, which) {
  const source = frame[which] || frame.x_t;
  frame.images = frame.images || {};
  if (!frame.images[source]) {
    const image = new Image();
    image.src = source;
    frame.images[source] = image.decode().then(() => image);
  }
  return frame.images[source];
}

// --- drawing

function paint(image, frame) {
  const { width, height } = sizeOf(frame);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.clearRect(0, 0, width, height);
  drawGlyphs(context, image, frame);
  if (picked !== null && picked < frame.num_glyphs) outline(placeOf(picked, frame));
}

function drawGlyphs(target, image, frame) {
  for (let i = 0; i < frame.num_glyphs; i++) {
    const { column, row, x, y } = placeOf(i, frame);
    target.drawImage(image, column * TILE, row * TILE, TILE, TILE, x, y, TILE, TILE);
  }
}

function sizeOf({ num_glyphs, columns, names }) {
  const rows = Math.ceil(num_glyphs / columns);
  const height = rows * (TILE + gapBelow(names)) - (names ? 0 : GAP);
  return { width: columns * TILE + (columns - 1) * GAP, height };
}

function placeOf(index, { columns, names }) {
  const column = index % columns;
  const row = Math.floor(index / columns);
  return { column, row, x: column * (TILE + GAP), y: row * (TILE + gapBelow(names)) };
}

function gapBelow(names) {
  return names ? NAME_GAP : GAP;
}

// Names are text beside the canvas, not paint on it: sharp, and read out.
function writeNames(frame) {
  const { width, height } = sizeOf(frame);
  const items = (frame.names || []).map((name, i) => {
    const { x, y } = placeOf(i, frame);
    const item = document.createElement("li");
    item.textContent = item.title = name;
    item.style.left = (100 * x) / width + "%";
    item.style.top = (100 * (y + TILE)) / height + "%";
    item.style.width = (100 * TILE) / width + "%";
    item.style.height = (100 * NAME_GAP) / height + "%";
    return item;
  });
  part("names").replaceChildren(...items);
}

function outline({ x, y }) {
  context.strokeStyle = getComputedStyle(root).getPropertyValue("--glyff-seal") || "#b3261e";
  context.lineWidth = 4;
  context.strokeRect(x + 2, y + 2, TILE - 4, TILE - 4);
}

function whereIs(frame) {
  return TEXT.stepOf(frame.step, frame.num_steps, frame.unit);
}

function describe(frame) {
  const where = whereIs(frame);
  const timestep = view === "x_t" ? frame.next_timestep : frame.timestep;
  const time = timestep === null ? "" : TEXT.timestep[view](timestep);
  const isLast = frame.state === "done";
  const pick = props.can_hand_over && frame.num_glyphs > 1 ? TEXT.pickNew : TEXT.pick;
  const stopped = root.dataset.state === "stopped" && shown === frames.length - 1;
  const sentence = stopped
    ? TEXT.stopped(where)
    : frame.step === 0 ? frame.beginning || TEXT.noise : isLast ? TEXT.done(frame.note) + pick : TEXT[view];
  const whose = root.dataset.state === "example" ? TEXT.example(frame.label) : "";
  part("caption").textContent = whose + where + time + " · " + sentence;
  scrubber.setAttribute("aria-valuetext", where);
  canvas.setAttribute("aria-label", whose + TEXT.glyphs(frame.num_glyphs) + TEXT.promised(frame.label) + ", " + where + ". " + TEXT.keys);
}

// Before the first run: real Gaussian noise, made here, the same for everybody.
function showIdleNoise() {
  const size = 2 * TILE;
  const noise = document.createElement("canvas");
  noise.width = noise.height = size;
  const pixels = new ImageData(size, size);
  const normal = normalPairs(1);
  for (let i = 0; i < size * size; i++) {
    pixels.data.fill(127.5 * (normal()[0] + 1), 4 * i, 4 * i + 3); // clamped to 0..255 by the array itself
    pixels.data[4 * i + 3] = 255;
  }
  noise.getContext("2d").putImageData(pixels, 0, 0);
  paint(noise, { num_glyphs: 4, columns: 2 });
  part("caption").textContent = props.idle;
  canvas.setAttribute("aria-label", props.idle);
}

// --- picking and keeping a glyph

function pick(index) {
  if (!frames.length) return;
  const count = frames[0].num_glyphs;
  picked = index === null || index === picked ? null : Math.min(Math.max(index, 0), count - 1);
  offerDownloads();
  show(shown);
  announcePath();
}

function pickAt(event) {
  if (!frames.length) return;
  const box = canvas.getBoundingClientRect();
  const scale = box.width / canvas.width;
  const column = Math.floor((event.clientX - box.left) / scale / (TILE + GAP));
  const row = Math.floor((event.clientY - box.top) / scale / (TILE + gapBelow(frames[0].names)));
  const index = row * frames[0].columns + column;
  if (index < frames[0].num_glyphs) pick(index);
}

function pickByKey(event) {
  if (!frames.length) return;
  const columns = frames[0].columns;
  const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  if (event.key === "Escape") pick(null);
  else if (event.key in moves) {
    const next = picked === null ? 0 : picked + moves[event.key];
    if (next !== picked && next >= 0 && next < frames[0].num_glyphs) pick(next);
  } else return;
  event.preventDefault();
}

function offerDownloads() {
  const last = frames[frames.length - 1];
  offer("download", last, last.downloads ? 0 : null);
  offer("download-one", last, last.downloads && picked !== null ? picked + 1 : null);
  part("animation").hidden = !last.downloads;
  if (!isAnimating) part("animation").textContent = TEXT.animation;
  offerLink(last.query);
  part("hand-over").hidden = !props.can_hand_over || part("download-one").hidden;
  const { seeds, names } = frames[0];
  part("picked").textContent =
    picked === null
      ? TEXT.seeds(seeds[0], seeds[seeds.length - 1])
      : TEXT.picked(picked + 1, names ? names[picked] : TEXT.seed(seeds[picked]));
  tellPick(last);
}

function tellPick(last) {
  const index = last.num_glyphs === 1 ? 0 : picked;
  const picture = last.downloads && index !== null ? last.downloads[index + 1] : null;
  if (!props.can_hand_over || picture === told) return;
  told = picture;
  trigger("click", { picture });
}

function offer(name, frame, index) {
  const link = part(name);
  link.hidden = index === null;
  if (index === null) return link.removeAttribute("href");
  link.href = frame.downloads[index];
  link.download = frame.download_names[index];
}

async function saveAnimation() {
  if (isAnimating) return;
  isAnimating = true;
  sayOfAnimation(TEXT.animating);
  try {
    const link = document.createElement("a");
    link.download = frames[frames.length - 1].download_names[0].replace(/png$/, "gif");
    link.href = URL.createObjectURL(await animate(frames, view));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000); // the browser reads it after the click
    part("animation").textContent = TEXT.animation;
    part("status").textContent = TEXT.animated;
  } catch {
    sayOfAnimation(TEXT.noAnimation);
  }
  isAnimating = false;
}

function sayOfAnimation(text) {
  part("animation").textContent = part("status").textContent = text;
}

// What the player shows, with the prompt below it.
function animate(all, which) {
  const stride = Math.ceil(all.length / (GIF_FRAMES - 1));
  const chosen = all.filter((_, i) => i === all.length - 1 || i % stride === 0);
  const { width, height } = sizeOf(all[0]);
  const scale = width < GIF_WIDTH ? 2 : 1;
  const total = height + (all[0].label ? GIF_LABEL : 0);
  const delay = (i) => (i === 0 ? GIF_MS.first : i === chosen.length - 1 ? GIF_MS.last : GIF_MS.between);
  const scenes = chosen.map((frame, i) => ({ delay: delay(i), draw: (target) => drawScene(target, frame, which, scale) }));
  return makeGif(props.gifenc_url, scale * width, scale * total, scenes);
}

async function drawScene(target, frame, which, scale) {
  const image = await picture(frame, which);
  const { width, height } = sizeOf(frame);
  target.setTransform(scale, 0, 0, scale, 0, 0);
  target.imageSmoothingEnabled = false;
  target.fillStyle = "white";
  target.fillRect(0, 0, width, height + GIF_LABEL);
  drawGlyphs(target, image, frame);
  (frame.names || []).forEach((name, i) => {
    const { x, y } = placeOf(i, frame);
    writeLine(target, name, x + TILE / 2, y + TILE + NAME_GAP / 2, TILE, 13);
  });
  writeLine(target, frame.label, width / 2, height + GIF_LABEL / 2, width, 16);
}

// Text around its middle: as large as its width allows, or as much of it as can still be read.
function writeLine(target, text, x, y, width, size) {
  target.fillStyle = "black";
  target.textAlign = "center";
  target.textBaseline = "middle";
  const widthOf = (line) => target.measureText(line).width;
  target.font = size + "px sans-serif";
  target.font = Math.max(GIF_LEAST_TEXT, Math.min(size, (size * (width - 8)) / widthOf(text))) + "px sans-serif";
  let line = text;
  for (let length = text.length; length && widthOf(line) > width - 4; length--) line = text.slice(0, length - 1) + "…";
  target.fillText(line, x, y);
}

function offerLink(query) {
  const link = part("link");
  link.hidden = !query;
  link.textContent = TEXT.link;
  link.href = query ? location.pathname + "?" + query : "";
}

// Where nothing may be copied (a page without https), the link is followed as links are.
function copyLink(event) {
  if (!navigator.clipboard) return;
  event.preventDefault();
  const link = part("link");
  navigator.clipboard.writeText(link.href).then(
    () => (link.textContent = part("status").textContent = TEXT.linkCopied),
    () => location.assign(link.href),
  );
}

function handOver() {
  const last = frames[frames.length - 1];
  trigger("select", { label: last.label, picture: last.downloads[picked + 1] });
}

// --- controls

function switchView(event) {
  view = event.target.value;
  if (shown >= 0) show(shown);
}

const group = "view-" + Math.random().toString(36).slice(2);
root.querySelectorAll("input[type=radio]").forEach((radio) => {
  radio.name = group;
  radio.checked = radio.value === view;
  part("view-" + radio.value).textContent = TEXT.views[radio.value];
  radio.addEventListener("change", switchView);
});
part("views").setAttribute("aria-label", TEXT.viewsLabel);
scrubber.setAttribute("aria-label", TEXT.scrubber);
part("download").textContent = TEXT.download;
part("download-one").textContent = TEXT.downloadOne;
part("hand-over").textContent = TEXT.handOver;
part("animation").addEventListener("click", saveAnimation);
part("link").addEventListener("click", copyLink);
part("hand-over").addEventListener("click", handOver);
part("play").textContent = TEXT.play;
scrubber.addEventListener("input", scrub);
part("play").addEventListener("click", replay);
canvas.addEventListener("click", pickAt);
part("names").addEventListener("click", pickAt);
canvas.addEventListener("keydown", pickByKey);
showIdleNoise();
if (props.example_url && !new URLSearchParams(location.search).has("prompt")) awaitView(); // a link has a run of its own
watch("value", () => receive(props.value));
