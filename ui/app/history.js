// Runs before everything else on the page. The way back goes from page to page, and in a lecture from
// step to step: one entry of the browser's history for each. Streamlit makes one for every value that
// the program writes into the address, and one for every redirect; these replace the entry they change.
// Where a page is left before it is there as a whole, Streamlit forgets the language and the theme.

(() => {
  const SOON = 1000; // ms
  const KEPT = ["lang", "projector"]; // which the next page's address has as well
  const push = history.pushState.bind(history);
  let before = { time: -Infinity, state: null, address: "", pushed: false }; // the last change

  /** @param {URL} address */
  const place = ({ pathname, searchParams }) => {
    const lesson = searchParams.get("lesson");
    return lesson ? `${lesson} ${searchParams.get("at") ?? 1}` : pathname;
  };

  /** @type {History["pushState"]} */
  history.pushState = (state, title, address) => {
    const here = new URL(location.href);
    const there = new URL(address ?? "", here);
    if (here.pathname !== there.pathname) {
      for (const name of KEPT.filter((name) => !there.searchParams.has(name))) {
        const value = here.searchParams.get(name);
        if (value !== null) there.searchParams.set(name, value);
      }
    }
    const time = performance.now();
    const elsewhere = place(here) !== place(there);
    const turns = elsewhere && here.pathname !== there.pathname && here.search === there.search;
    if (turns && time - before.time < SOON) {
      // on the way to another page Streamlit gives its parameters to the one before, first
      if (before.pushed) return history.replaceState(state, title, there);
      history.replaceState(before.state, title, before.address);
      return push(state, title, there);
    }
    before = { time, state: history.state, address: here.href, pushed: elsewhere };
    if (elsewhere) push(state, title, there);
    else history.replaceState(state, title, there);
  };
})();
