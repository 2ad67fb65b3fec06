// Animated GIFs, made in the browser with gifenc (LICENSES/README.md), which is fetched when the first one is wanted.

const GREYS = 16; // more of them make noise much longer, and no clearer
let failedImports = 0; // a browser remembers them, and would not try the same address again

function importGifenc(url) {
  const address = new URL(failedImports ? url + "?" + failedImports : url, document.baseURI).href;
  return import(address).catch((error) => {
    failedImports++;
    throw error;
  });
}

// Each scene draws itself on a canvas context, and stays for some milliseconds.
async function makeGif(gifencUrl, width, height, scenes) {
  const { GIFEncoder } = await importGifenc(gifencUrl);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const palette = Array.from({ length: GREYS }, (_, i) => Array(3).fill(Math.round((255 * i) / (GREYS - 1))));
  const gif = GIFEncoder();
  for (const { draw, delay } of scenes) {
    await new Promise((resolve) => setTimeout(resolve)); // the page lives on meanwhile
    await draw(context);
    const { data } = context.getImageData(0, 0, width, height);
    const greys = new Uint8Array(width * height);
    for (let i = 0; i < greys.length; i++) greys[i] = Math.round((data[4 * i] * (GREYS - 1)) / 255);
    gif.writeFrame(greys, width, height, { palette, delay });
  }
  gif.finish();
  return new Blob([gif.bytes()], { type: "image/gif" });
}
