// A player at the side of a list. The list stays, and the address names the player.

const side = document.getElementById("side");
let opener = null;

const page = (id) => new URL(`../../players/${encodeURIComponent(id)}/`, import.meta.url).pathname;

const address = (id) => {
  const url = new URL(location.href);
  if (id) url.searchParams.set("player", id);
  else url.searchParams.delete("player");
  return url;
};

const close = () => {
  side.hidden = true;
  side.querySelector("#side-content").replaceChildren();
  (opener?.isConnected ? opener : document.getElementById("main")).focus({ preventScroll: true });
};

const open = async (id) => {
  const link = document.querySelector(`[data-side="${CSS.escape(id)}"]`);
  const title = side.querySelector("h2 a");
  const content = side.querySelector("#side-content");
  title.textContent = link?.dataset.name ?? id;
  title.href = page(id);
  content.replaceChildren();
  content.setAttribute("aria-busy", "true");
  side.hidden = false;
  side.focus({ preventScroll: true });
  const answer = await fetch(title.href, { headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
  if (answer.headers.has("HX-Redirect")) return location.assign(answer.headers.get("HX-Redirect"));
  const text = await answer.text();
  if (title.getAttribute("href") !== page(id)) return;
  content.removeAttribute("aria-busy");
  content.innerHTML = text;
  title.textContent = content.querySelector("[data-name]")?.dataset.name ?? title.textContent;
  htmx.process(content);
};

const follow = () => {
  const id = new URL(location.href).searchParams.get("player");
  if (id) open(id);
  else if (!side.hidden) close();
};

if (side) {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest("[data-side]");
    if (link) {
      event.preventDefault();
      opener = link;
      history.pushState(null, "", address(link.dataset.side));
      follow();
    } else if (event.target.closest("[data-side-close]")) {
      history.pushState(null, "", address());
      follow();
    }
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || side.hidden || document.querySelector("dialog[open]")) return;
    history.pushState(null, "", address());
    follow();
  });
  window.addEventListener("popstate", follow);
  follow();
}
