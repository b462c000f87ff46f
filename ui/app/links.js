// The links of the picture of the whole (ui/pages/whole.py) lead to pages as Streamlit's own do: without
// loading everything anew, where its own are there to be pressed.

document.addEventListener("click", (event) => {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const target = event.target instanceof Element && event.target.closest(".whole a");
  if (!(target instanceof HTMLAnchorElement)) return;
  /** @type {NodeListOf<HTMLAnchorElement>} */
  const own = document.querySelectorAll(
    "[data-testid=stTopNavLink], [data-testid=stSidebarNavLink]",
  );
  const page = [...own].find(({ pathname }) => pathname === target.pathname);
  if (!page) return;
  event.preventDefault();
  page.click();
});
