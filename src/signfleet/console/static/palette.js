// The palette: a combobox of pages, of what can be done on this page, of players looked at last, and of players that
// the server finds. The focus stays in the field; screen readers hear the option that is chosen, and how many there are.

const text = document.getElementById("palette-text");
const list = document.getElementById("palette-list");
const count = document.getElementById("palette-count");
const RECENT = "signfleet recent"; // of this tab, until somebody signs in again
const MOST = 5;

const options = () => [...list.querySelectorAll("[role=option]")];

const option = (words, href, act) => {
  const item = document.createElement("li");
  item.setAttribute("role", "none");
  const link = item.appendChild(document.createElement("a"));
  link.setAttribute("role", "option");
  link.tabIndex = -1;
  link.href = href;
  link.textContent = words;
  if (act) link.addEventListener("click", (event) => { event.preventDefault(); text.closest("dialog").close(); act(); });
  return item;
};

// What the head of the page offers, such as the commands to a player, and the menu of the account.
const actions = () => [...document.querySelectorAll(".head a.main, .head .sheet :is(a, button), .account .sheet :is(a, button)")]
  .map((element) => option(element.textContent.trim(), element.href ?? "#", () => element.click()));

const recent = () => JSON.parse(sessionStorage.getItem(RECENT) ?? "[]");

const remember = () => {
  const player = location.pathname.match(/^.*\/players\/\d+\//)?.[0];
  const name = document.querySelector(".head h1")?.textContent.trim();
  if (!player || !name) return;
  const others = recent().filter(([href]) => href !== player);
  sessionStorage.setItem(RECENT, JSON.stringify([[player, name], ...others].slice(0, MOST)));
};

const choose = (at) => {
  const all = options();
  const chosen = all[(at + all.length) % all.length];
  for (const each of all) each.setAttribute("aria-selected", each === chosen);
  if (!chosen) return text.removeAttribute("aria-activedescendant");
  text.setAttribute("aria-activedescendant", chosen.id);
  chosen.scrollIntoView({ block: "nearest" });
};
const chosen = () => options().findIndex((each) => each.ariaSelected === "true");

const fill = (items) => {
  const before = options()[chosen()]?.textContent;
  list.replaceChildren(...items);
  options().forEach((each, place) => { each.id = `palette-${place}`; });
  choose(Math.max(options().findIndex((each) => each.textContent === before), 0));
};
const announce = () => {
  const found = options().length;
  count.textContent = found ? `${count.dataset.some}: ${found}` : count.dataset.none;
};

if (text) {
  remember();
  const pages = [...list.children];
  let asked = 0;
  const show = async () => {
    const words = text.value.trim().toLowerCase();
    const turn = ++asked;
    const fits = (item) => item.textContent.toLowerCase().includes(words);
    const last = recent().map(([href, name]) => option(name, href));
    const fitting = words ? [...pages, ...actions(), ...last].filter(fits) : [...last, ...pages, ...actions()];
    fill(fitting);
    if (!words || !text.dataset.find) return announce();
    await new Promise((done) => setTimeout(done, 150));
    if (turn !== asked) return;
    const answer = await fetch(`${text.dataset.find}?words=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } });
    const found = await answer.text();
    if (turn !== asked) return;
    const parsed = answer.status === 200 ? [...new DOMParser().parseFromString(found, "text/html").querySelectorAll("li")] : [];
    const known = new Set(parsed.map((item) => item.firstChild.pathname));
    fill([...fitting.filter((item) => !last.includes(item) || !known.has(item.firstChild.pathname)), ...parsed]);
    announce();
  };
  text.addEventListener("input", show);
  text.addEventListener("focus", () => text.value.trim() || show());
  text.addEventListener("keydown", (event) => {
    const to = { ArrowDown: chosen() + 1, ArrowUp: chosen() - 1 }[event.key];
    if (to !== undefined) choose(to);
    else if (event.key === "Enter") options()[chosen()]?.click();
    else return;
    event.preventDefault();
  });
} else sessionStorage.removeItem(RECENT);
