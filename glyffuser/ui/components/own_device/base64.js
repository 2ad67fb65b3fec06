/** Binary data inside text: arrays that the server sends, pictures that the frame player shows. */

/**
 * Little-endian float32 numbers from base64, as `glyffuser.ui.own_device` sends them.
 *
 * @param {string} text
 */
export function decodeFloats(text) {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/**
 * A picture as a data URL.
 *
 * @param {Uint8Array} bytes
 * @param {string} mimeType
 */
export function dataUrl(bytes, mimeType) {
  return `data:${mimeType};base64,${toBase64(bytes)}`;
}

/** @param {Uint8Array} bytes */
export function toBase64(bytes) {
  const size = 0x8000; // more arguments than this may overflow the stack
  let text = "";
  for (let i = 0; i < bytes.length; i += size) text += String.fromCharCode(...bytes.subarray(i, i + size));
  return btoa(text);
}
