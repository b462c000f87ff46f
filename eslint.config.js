import js from "@eslint/js";
import globals from "globals";

const VENDORED = ["**/plotly-cartesian.min.js", "**/gifenc.js"];

export default [
  { ignores: VENDORED },
  js.configs.recommended,
  {
    files: ["{ui,tests}/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-undef": "off", // tsc knows
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-var": "error",
      "one-var": ["error", "never"],
      "prefer-const": "error",
      eqeqeq: "error",
    },
  },
];
