// What people who do not see the page, or use keys alone, need when a part of it is replaced.

// --- the focus goes to what stands in the place of what had it ------------------------------------------------------

const FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary";
let last = null;
let outside = null; // of a dialog

const isThere = (element) => element.isConnected && element.checkVisibility();

const remembered = (element) => {
  const ids = [];
  for (let each = element; each; each = each.parentElement) if (each.id) ids.push(each.id);
  return { element, ids };
};

const alike = (one, other) => one.tagName === other.tagName && one.name === other.name && one.type === other.type;

const standIn = ({ element, ids }) => {
  if (isThere(element)) return element;
  const menu = element.closest("details")?.querySelector("summary");
  if (menu && isThere(menu)) return menu;
  for (const place of ids.map((id) => document.getElementById(id)).filter(Boolean)) {
    const all = [...place.querySelectorAll(FOCUSABLE)].filter((each) => isThere(each) && !each.disabled);
    const next = all.find((each) => alike(each, element)) ?? all[0];
    if (next) return next;
  }
  return document.getElementById("main");
};

const restore = () => {
  const active = document.activeElement; // for a moment, it may still be in a dialog that has closed
  if (!last || isThere(last.element) || (active !== document.body && isThere(active))) return;
  standIn(last.element.closest("dialog") && outside ? outside : last)?.focus({ preventScroll: true });
};

document.addEventListener("focusin", ({ target }) => {
  if (target.closest("dialog") && last && !last.element.closest("dialog")) outside = last;
  last = remembered(target);
});
document.addEventListener("close", () => setTimeout(restore), { capture: true }); // of a dialog

// --- what a page says about a change is read aloud -------------------------------------------------------------------

const voice = document.getElementById("voice");
const READ = 5000; // ms
const statuses = () => [...document.querySelectorAll("main [role=status]:not([data-live] *, [data-live])")];
let heard = new Set(statuses()); // a page that opens says nothing by itself

const announce = () => {
  const found = statuses();
  const words = found.filter((each) => !heard.has(each)).map((each) => each.textContent.trim()).filter(Boolean);
  heard = new Set(found);
  if (!voice || !words.length) return;
  voice.textContent = words.join(" ");
  setTimeout(() => voice.replaceChildren(), READ);
};

document.addEventListener("htmx:after:swap", () => { restore(); announce(); });
if (document.activeElement !== document.body) last = remembered(document.activeElement);
