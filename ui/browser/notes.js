// Explanations of terms of art (terms.js, and terms.py in ui/app) come up at their terms, inside the window:
// below, or above where there is no room. They stay at them while the page is scrolled, and go with Escape.

(() => {
  const EDGE = 8; // px to the window's edge
  /** @type {Element | null} the term that was explained last */
  let shown = null;

  /** @param {Element} term */
  const place = (term) => {
    const note = term.querySelector(".explanation");
    if (!(note instanceof HTMLElement)) return;
    shown = term;
    Object.assign(note.style, { left: "0", top: "0" });
    const origin = note.getBoundingClientRect(); // the window's corner, or that of what stands for it
    const { left, top, bottom } = term.getBoundingClientRect();
    const x = Math.min(left, document.documentElement.clientWidth - EDGE - origin.width);
    const lowest = innerHeight - EDGE - origin.height;
    const above = top - origin.height;
    const y = bottom <= lowest ? bottom : above >= EDGE ? above : lowest;
    note.style.left = `${Math.max(x, EDGE) - origin.left}px`;
    note.style.top = `${Math.max(y, EDGE) - origin.top}px`;
  };

  /** @param {Event & { relatedTarget?: EventTarget | null }} event */
  const come = (event) => {
    const [target] = event.composedPath();
    const term = target instanceof Element && target.closest(".explained");
    if (!term || (event.relatedTarget instanceof Node && term.contains(event.relatedTarget)))
      return;
    term.classList.remove("dismissed");
    place(term);
  };
  document.addEventListener("pointerover", come);
  document.addEventListener("focusin", come);

  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !(shown instanceof HTMLElement)) return;
    shown.classList.add("dismissed");
    shown.blur();
  });

  const follow = { capture: true, passive: true };
  document.addEventListener(
    "scroll",
    ({ target }) => {
      if (shown?.isConnected && !(target instanceof Node && shown.contains(target))) place(shown);
    },
    follow,
  );
})();
