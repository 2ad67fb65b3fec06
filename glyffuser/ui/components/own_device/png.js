/**
 * Grey PNGs without loss, with settings inside as `glyffuser.images.encode_png` writes them.
 */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY_8_BIT = [8, 0, 0, 0, 0]; // bit depth, colour type, compression, filter, interlace
const SETTINGS_KEY = "glyffuser";

/**
 * @param {Uint8Array} pixels row by row
 * @param {number} width
 * @param {string} [settings] JSON
 */
export async function encodePng(pixels, width, settings) {
  const height = pixels.length / width;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set(GREY_8_BIT, 8);
  const parts = [Uint8Array.from(SIGNATURE), chunk("IHDR", header)];
  if (settings) parts.push(chunk("iTXt", textChunk(settings)));
  parts.push(chunk("IDAT", await deflate(unfiltered(pixels, width, height))), chunk("IEND", new Uint8Array(0)));
  return concatenate(parts);
}

/**
 * An uncompressed international text chunk: key, compression flag and method, language, translated key, text.
 *
 * @param {string} text
 */
function textChunk(text) {
  return new TextEncoder().encode(`${SETTINGS_KEY}\0\0\0\0\0${text}`);
}

/**
 * Rows, each after a zero byte: no filter.
 *
 * @param {Uint8Array} pixels
 * @param {number} width
 * @param {number} height
 */
function unfiltered(pixels, width, height) {
  const rows = new Uint8Array(height * (width + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return rows;
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * @param {string} type
 * @param {Uint8Array} data
 */
function chunk(type, data) {
  const whole = new Uint8Array(12 + data.length);
  const view = new DataView(whole.buffer);
  view.setUint32(0, data.length);
  whole.set(new TextEncoder().encode(type), 4);
  whole.set(data, 8);
  view.setUint32(8 + data.length, crc32(whole.subarray(4, 8 + data.length)));
  return whole;
}

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** @param {Uint8Array[]} parts */
function concatenate(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
