// Ticked rows of a list, and the bar with what can be done with them.

const bar = () => document.getElementById("bulk");
const boxes = () => [...document.querySelectorAll("tbody tr[data-row] [type=checkbox][name=id]")];

const update = () => {
  if (!bar()) return;
  const ticked = boxes().filter((box) => box.checked);
  const all = bar().querySelector("[data-all]");
  if (all && !ticked.length) all.checked = false;
  bar().hidden = !ticked.length;
  bar().querySelector("[data-selected]").textContent = ticked.length;
  const top = document.querySelector("[data-tick-all]");
  if (top) {
    top.checked = ticked.length > 0 && ticked.length === boxes().length;
    top.indeterminate = ticked.length > 0 && !top.checked;
  }
};

let last = null;

document.addEventListener("click", ({ target, shiftKey }) => {
  if (!target.matches("[type=checkbox][name=id]")) return;
  const all = boxes();
  if (shiftKey && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(target)].sort((a, b) => a - b);
    for (const box of all.slice(from, to + 1)) box.checked = target.checked;
  }
  last = target;
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-tick-all]")) for (const box of boxes()) box.checked = target.checked;
  update();
});
document.addEventListener("htmx:after:swap", update);
update();
