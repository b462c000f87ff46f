// Fetches the stage's scripts, once; if that fails, the page says so and goes on with its sliders.

export default function (component) {
  const { data, parentElement } = component;
  const note = parentElement.querySelector(".failed");
  const own = document.querySelector('script[src*="static/js/"]').src; // the app's root, whatever path it is served under
  import(own.replace(/static\/js\/.*$/, `app/static/${data.folder}/stage.js`))
    .then(({ show }) => {
      show(component);
      note.hidden = true;
    })
    .catch((error) => {
      note.textContent = `${data.words.failed} (${error.message})`;
      note.hidden = false;
      note.classList.add("now");
    });
}
