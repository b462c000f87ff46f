// The script of every component that is a module: it fetches the module, once, and hands over to its
// `show`. If that fails, the page says so and goes on with its other parts. component.py sends the
// names; this file alone goes through Streamlit, where no script can import another.

/**
 * @typedef {object} Component what Streamlit gives
 * @property {any} data
 * @property {HTMLElement} parentElement
 */

/** @param {Omit<Component, "data"> & { data: [any] }} sent see component.py: plainly */
export default function (sent) {
  const component = { ...sent, data: sent.data[0] };
  const { data, parentElement } = component;
  /** @type {HTMLElement} */
  const note = parentElement.querySelector(".failed") ?? document.createElement("p");
  import(served(data.module))
    .then(({ show }) => {
      show(component);
      note.hidden = true;
    })
    .catch((error) => {
      note.textContent = `${data.failed} (${error.message})`;
      note.hidden = false;
      note.classList.add("failed", "now");
      note.setAttribute("role", "alert");
      if (!note.isConnected) parentElement.append(note);
    });
}

/**
 * The address of a file below static/, whatever path the app is served under.
 * @param {string} name
 */
function served(name) {
  /** @type {HTMLScriptElement | null} */
  const own = document.querySelector('script[src*="static/js/"]');
  if (!own) throw new Error("this page is not Streamlit's");
  return own.src.replace(/static\/js\/.*$/, `app/static/${name}`);
}
