// The colours and the font of the page, as they are now.

/** @typedef {{ text: string, background: string, primary: string, font: string }} Theme */

/**
 * @param {Element} element
 * @returns {Theme}
 */
export function themeOf(element) {
  const style = getComputedStyle(element);
  /** @param {string} name */
  const variable = (name) => style.getPropertyValue(name).trim();
  return {
    text: style.color,
    background: variable("--st-background-color"),
    primary: variable("--st-primary-color"),
    font: style.fontFamily,
  };
}
