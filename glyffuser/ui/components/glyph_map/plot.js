// What Plotly draws of the map: points in their colours, contours, the surface in 3-D. Part of glyph_map.js.

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
