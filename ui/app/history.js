// Runs before everything else on the page. The way back goes from page to page, and in a lecture from
// step to step: one entry of the browser's history for each. Streamlit makes one for every value that
// the program writes into the address, and one for every redirect; these replace the entry they change.

(() => {
  const SOON = 1000; // ms
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
    const time = performance.now();
    const elsewhere = place(here) !== place(there);
    const turns = elsewhere && here.pathname !== there.pathname && here.search === there.search;
    if (turns && time - before.time < SOON) {
      // on the way to another page Streamlit gives its parameters to the one before, first
      if (before.pushed) return history.replaceState(state, title, address);
      history.replaceState(before.state, title, before.address);
      return push(state, title, address);
    }
    before = { time, state: history.state, address: here.href, pushed: elsewhere };
    if (elsewhere) push(state, title, address);
    else history.replaceState(state, title, address);
  };
})();
