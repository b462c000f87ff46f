// The language of a page without Streamlit: asked for in its address, chosen on an earlier page, or
// the browser's own.

const KEPT = "stn language";

/** @param {string} code for the pages that come */
export function keepLanguage(code) {
  try {
    localStorage.setItem(KEPT, code);
  } catch {
    // it is asked for at each page
  }
}

function keptLanguage() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/**
 * @param {string[]} known codes
 * @param {boolean} keeps whether this browser keeps it
 */
export function languageOf(known, keeps) {
  const asked = new URLSearchParams(location.search).get("lang");
  if (keeps && asked && known.includes(asked)) keepLanguage(asked);
  const own = navigator.language.slice(0, 2);
  const wished = [asked, keeps ? keptLanguage() : null, own];
  return wished.find((code) => code && known.includes(code)) ?? "en";
}
