// Menus, dialogs and toasts.

const opened = (id) => {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  dialog.showModal();
  dialog.querySelector("input, textarea")?.select();
};

// Selects a text, and copies it where the browser lets a page do so.
const copied = (text) => {
  getSelection().selectAllChildren(text);
  navigator.clipboard?.writeText(text.textContent).catch(() => {});
};

document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target) || target.closest("[data-dialog]")) menu.open = false;
  }
  const opener = target.closest("[data-dialog]");
  if (opener) opened(opener.dataset.dialog);
  if (target.closest("[data-close]") || target.matches("dialog")) target.closest("dialog")?.close();
  const copy = target.closest("[data-copy]");
  if (copy) copied(copy.previousElementSibling);
  target.closest("[data-remove]")?.closest(".toast, .side")?.remove();
});

document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A dialog that the server has sent opens at once.
document.addEventListener("htmx:after:swap", () => {
  for (const dialog of document.querySelectorAll("dialog[data-opens]:not([open])")) dialog.showModal();
});

export { opened };

// On a phone sections and tabs stand in one row each, of which the present one has to be in sight.
const center = () => {
  for (const here of document.querySelectorAll(".rail [aria-current], .tabs [aria-current]")) {
    const row = here.closest("ul");
    const [{ left, width }, around] = [here.getBoundingClientRect(), row.getBoundingClientRect()];
    if (!row.scrollLeft) row.scrollLeft = left + width / 2 - around.left - around.width / 2;
  }
};
document.addEventListener("htmx:after:swap", center);
center();
