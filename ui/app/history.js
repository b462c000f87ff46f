// Runs before everything else on the page. The way back goes from page to page, and in a lecture from
// step to step: one entry of the browser's history for each. Streamlit makes one for every value that
// the program writes into the address, and one for every redirect; these replace the entry they change.

(() => {
  const push = history.pushState.bind(history);

  /** @param {URL} address */
  const place = ({ pathname, searchParams }) => {
    const lesson = searchParams.get("lesson");
    return lesson ? `${lesson} ${searchParams.get("at") ?? 1}` : pathname;
  };

  /** @type {History["pushState"]} */
  history.pushState = (state, title, address) => {
    const here = new URL(location.href);
    const there = new URL(address ?? "", here);
    if (place(here) === place(there)) history.replaceState(state, title, address);
    else push(state, title, address);
  };
})();
