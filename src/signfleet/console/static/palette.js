// The palette: filters the pages at once, and asks the server for players.

const text = document.getElementById("palette-text");
const list = document.getElementById("palette-list");

if (text) {
  const pages = [...list.children];
  let asked = 0;
  const show = async () => {
    const words = text.value.trim().toLowerCase();
    const turn = ++asked;
    const fitting = pages.filter((item) => item.textContent.toLowerCase().includes(words));
    list.replaceChildren(...fitting);
    if (!words || !text.dataset.find) return;
    await new Promise((done) => setTimeout(done, 150));
    if (turn !== asked) return;
    const answer = await fetch(`${text.dataset.find}?words=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } });
    const found = await answer.text();
    if (turn !== asked || answer.status !== 200) return;
    const parsed = new DOMParser().parseFromString(found, "text/html");
    list.append(...parsed.querySelectorAll("li")); // what has the focus stays
  };
  text.addEventListener("input", show);
  text.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") list.querySelector("a")?.focus();
    else if (event.key === "Enter") list.querySelector("a")?.click();
    else return;
    event.preventDefault();
  });
  list.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const links = [...list.querySelectorAll("a")];
    (links[links.indexOf(document.activeElement) + by] ?? text).focus();
  });
}
