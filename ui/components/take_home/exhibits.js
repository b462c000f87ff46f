// What is on the page: figures, the player of recordings, birds with their windows, live figures.

/** @import { Plot } from "../plot/plot.js" */
/** @import { Root } from "../../pages/replay/replay.js" */

/**
 * From top to bottom.
 * @returns {Element[]}
 */
export function exhibits() {
  const stages = [...document.querySelectorAll("*")].flatMap((element) => {
    return element.shadowRoot?.querySelector(":is(.stage, .exhibit) .floor") ?? [];
  });
  const others = [".plot", ".replay", ".birds"].flatMap((name) => [
    ...document.querySelectorAll(name),
  ]);
  const shown = [...others, ...stages].filter((element) => element.getClientRects().length);
  /** @param {Element} element */
  const top = (element) => element.getBoundingClientRect().top;
  return shown.sort((a, b) => top(a) - top(b));
}

/**
 * The figure that an exhibit is, if it is one, with its text for screen readers.
 * @param {Element} exhibit
 */
export function figureOf(exhibit) {
  return exhibit.classList.contains("plot") ? /** @type {Plot} */ (exhibit).latest : null;
}

/** The player of recordings. */
export function playerOnPage() {
  /** @type {Root | null} */
  const root = document.querySelector(".replay");
  return root?.player ?? null;
}
