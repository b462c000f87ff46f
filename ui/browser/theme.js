// The colours, the font and the size of type of the page, as they are now.

/** The size of type that everything is measured in, in pixels: larger for a projector. */
export const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

/** @typedef {{ text: string, background: string, primary: string, font: string }} Theme */

/**
 * @param {Element} element
 * @returns {Theme}
 */
export function themeOf(element) {
  const { color, fontFamily } = getComputedStyle(element);
  const probe = document.createElement("span");
  element.append(probe);
  /** @param {string} name of a colour: what a canvas understands of it, which light-dark() is not */
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const background = colour("--st-background-color");
  const primary = colour("--st-primary-color");
  probe.remove();
  return { text: color, background, primary, font: fontFamily };
}
