// Explanations of terms of art in the pages' HTML (terms.py) come up below them, inside the window.

for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, ({ target }) => {
    const term = target instanceof Element && target.closest(".explained");
    if (!term) return;
    const note = term.querySelector(".explanation");
    if (!(note instanceof HTMLElement) || note.contains(target)) return;
    const { left, bottom } = term.getBoundingClientRect();
    Object.assign(note.style, { position: "fixed", left: "0", top: "0" });
    const zero = note.getBoundingClientRect(); // of the window, or of what stands for it
    const room = document.documentElement.clientWidth - zero.width - 8;
    note.style.left = `${Math.max(8, Math.min(left, room)) - zero.left}px`;
    note.style.top = `${bottom + 4 - zero.top}px`;
  });
}

document.addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape" && target instanceof HTMLElement && target.matches(".explained"))
    target.blur();
});
