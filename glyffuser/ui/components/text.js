/**
 * Put values into a sentence of `glyffuser/ui/text`.
 *
 * @param {string} template a sentence with `{name}` where a value belongs; names without a value stay as they are
 * @param {Record<string, string | number>} values
 * @returns {string}
 */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}
