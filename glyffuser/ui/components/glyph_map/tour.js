// The guided tour. Part of glyph_map.js.

const TOUR = [
  { text: "Every point is a real character. Nobody told the map what any of them means or how it is built: it only compared pictures, and put what looks alike side by side.", colour: "layout" },
  { text: "The great continent: characters built from a left and a right half. Two out of three are made that way.", place: () => places.continents[0], half: 1.2, colour: "layout" },
  { text: "The second continent: characters built from top to bottom.", place: () => places.continents[1], half: 1.1, colour: "layout" },
  { text: "An island: nearly all of these carry the three drops of water on their left. They mean to flow, to drip, to swim, to drown.", place: () => island("water"), half: 0.5, colour: "radical" },
  { text: "And the island of speech: to ask, to tell, to promise, to lie.", place: () => island("speech"), half: 0.5, colour: "radical" },
  { text: "Closer still, points become glyphs. Point at one to read its definition; click it to see its neighbours.", place: () => island("silk"), half: 0.07, colour: "radical" },
  { text: "Seen as a landscape of probability: mountains where glyphs crowd on this map. The model learns the like for pictures, in 16,384 dimensions and at every level of noise.", layers: ["contours"], colour: "density" },
  { text: "Now noise: the forward process. The islands drift together and blur, and the contours become round.", noise: 300, layers: ["contours"] },
  { text: "The arrows are the score: where the noisy cloud grows denser. Turned round and rescaled, it is the noise that the model predicts. Denoising goes uphill along it, step by step.", noise: 300, layers: ["contours", "arrows"] },
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
