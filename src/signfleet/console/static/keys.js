// Keys that work on every page. Fields keep their own keys.
import { opened } from "./menus.js";

const isField = (element) => element.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("tbody tr[data-row]")];

const step = (by) => {
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest("tr[data-row]"));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.querySelector("a")?.focus();
  next?.scrollIntoView({ block: "nearest" });
};

const ACTIONS = {
  "/": () => document.querySelector("main [type=search]")?.focus(),
  "?": () => opened("keys"),
  j: () => step(1),
  k: () => step(-1),
  o: () => document.activeElement?.closest("tr[data-row]")?.querySelector("[data-side]")?.click(),
  x: () => document.activeElement?.closest("tr[data-row]")?.querySelector("[type=checkbox]")?.click(),
};

// After `g` comes the letter of a section.
const LETTER_WITHIN = 2000; // ms
let waits = 0;

const section = (key) => document.querySelector(`.rail [data-key="${CSS.escape(key)}"]`)?.click();

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    opened("palette");
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const isSecond = Date.now() < waits;
  waits = !isSecond && event.key === "g" ? Date.now() + LETTER_WITHIN : 0;
  const action = isSecond ? () => section(event.key) : ACTIONS[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});
