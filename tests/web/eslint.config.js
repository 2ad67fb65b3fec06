import js from "@eslint/js";
import globals from "globals";
import jsdoc from "eslint-plugin-jsdoc";

export default [
  { ignores: ["**/node_modules/**", "**/gifenc.esm.js", "**/own_device/runtime/**"] },
  js.configs.recommended,
  {
    files: ["**/glyffuser/ui/**/*.js"],
    languageOptions: { globals: globals.browser },
    plugins: { jsdoc },
    rules: {
      "no-restricted-globals": ["error", "event", "name", "status"],
      "no-restricted-syntax": [
        "error",
        {
          selector: "AssignmentExpression[left.object.name=/^(window|globalThis)$/]",
          message: "Modules share nothing through globals; speak through the page.",
        },
        {
          selector: "CallExpression[callee.object.name='document'][callee.property.name='dispatchEvent']",
          message: "Components speak to each other through Gradio events, not document events.",
        },
      ],
      complexity: ["error", 12],
      "max-lines": ["error", { max: 320, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipComments: true, skipBlankLines: true }],
      "jsdoc/require-jsdoc": ["error", { publicOnly: true }],
      "jsdoc/require-param": "error",
      "prefer-const": "error",
      eqeqeq: "error",
    },
  },
  {
    files: ["**/tests/web/**/*.js"],
    languageOptions: { globals: globals.node },
  },
];
