// Draws the places of the list beside it on a map of the world. The list has all that the map shows, for keys and ears.

const svg = document.getElementById("map");
const list = document.getElementById("spots");
const projection = d3.geoNaturalEarth1().fitSize([960, 480], { type: "Sphere" });
const path = d3.geoPath(projection);
const NS = "http://www.w3.org/2000/svg";
const drawn = document.createElementNS(NS, "g");

const add = (parent, name, attributes, text) => {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
};

// As in the list: a circle is good, a triangle a warning, a square an error.
const shapes = {
  Warning: (r) => `M0 ${-1.3 * r}L${1.2 * r} ${0.8 * r}H${-1.2 * r}Z`,
  Error: (r) => `M${-r} ${-r}H${r}V${r}H${-r}Z`,
};
const circle = (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;

// What is seen: the middle of the part in units of the drawing, and how many times it is enlarged. The address has it.
const WHOLE = { x: 480, y: 240, k: 1 };
const MOST = 64;
const NAMED = 6; // from this enlargement on, places have their names and numbers
let seen = { ...WHOLE };

const spots = () => {
  drawn.replaceChildren();
  const items = [...list.querySelectorAll("[data-at]")].sort((a, b) => b.dataset.number - a.dataset.number);
  for (const item of items) {
    const at = projection(item.dataset.at.split(" ").map(Number));
    if (!at) continue;
    const link = item.querySelector("a");
    const radius = Math.min(4 + 2 * Math.log2(item.dataset.number), 22);
    const dot = add(drawn, "a", { href: link.href, tabindex: -1, class: `spot ${item.dataset.health.toLowerCase()}` });
    add(dot, "title", {}, item.textContent.replace(/\s+/g, " ").trim());
    const d = (shapes[item.dataset.health] ?? circle)(radius);
    const size = 1 / seen.k;
    const place = add(dot, "g", { transform: `translate(${at[0].toFixed(2)} ${at[1].toFixed(2)}) scale(${size})` });
    add(place, "path", { d });
    if (seen.k >= NAMED) {
      const words = `${link.textContent.split(",")[0]} ${item.dataset.number}`;
      add(place, "text", { x: radius + 3, y: 4 }, words);
    }
  }
};

const look = (x, y, k, isKept = true) => {
  k = Math.min(Math.max(k, 1), MOST);
  const [halfWidth, halfHeight] = [480 / k, 240 / k];
  x = Math.min(Math.max(x, halfWidth), 960 - halfWidth);
  y = Math.min(Math.max(y, halfHeight), 480 - halfHeight);
  const isScaled = k !== seen.k;
  seen = { x, y, k };
  svg.setAttribute("viewBox", [x - halfWidth, y - halfHeight, 2 * halfWidth, 2 * halfHeight].join(" "));
  if (isScaled) spots();
  if (!isKept) return;
  const url = new URL(location.href);
  if (k > 1) url.searchParams.set("at", [x.toFixed(1), y.toFixed(1), k.toFixed(2)].join(" "));
  else url.searchParams.delete("at");
  history.replaceState(history.state, "", url);
};

// Where a pointer is, in units of the drawing.
const under = ({ clientX, clientY }) => {
  const { left, top, width, height } = svg.getBoundingClientRect();
  return [(clientX - left) / width, (clientY - top) / height].map((part, axis) =>
    axis ? seen.y + (part - 0.5) * (480 / seen.k) : seen.x + (part - 0.5) * (960 / seen.k));
};

// Enlarges `times` around a point, which stays where it is.
const zoom = (times, [x, y] = [seen.x, seen.y]) => {
  const k = Math.min(Math.max(seen.k * times, 1), MOST);
  look(x + (seen.x - x) * (seen.k / k), y + (seen.y - y) * (seen.k / k), k);
};

const moves = () => {
  const keys = document.getElementById("map-keys");
  keys.hidden = false;
  keys.addEventListener("click", ({ target }) => {
    const by = target.closest("[data-zoom]")?.dataset.zoom;
    if (by === "0") look(WHOLE.x, WHOLE.y, 1);
    else if (by) zoom(Number(by));
  });
  // The wheel alone scrolls the page; with Ctrl, as a pinch sends it, it enlarges.
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 100), under(event));
  }, { passive: false });
  svg.addEventListener("dblclick", (event) => zoom(2, under(event)));
  let [last, isMoved] = [null, false];
  svg.addEventListener("pointerdown", (event) => {
    isMoved = false;
    if (seen.k > 1 && event.isPrimary) last = under(event);
  });
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  svg.addEventListener("click", (event) => isMoved && event.preventDefault());
  svg.addEventListener("pointermove", (event) => {
    if (!last || !event.buttons) return;
    const [x, y] = under(event);
    isMoved ||= Math.hypot(x - last[0], y - last[1]) * seen.k > 4;
    look(seen.x + last[0] - x, seen.y + last[1] - y, seen.k);
  });
  for (const name of ["pointerup", "pointerleave", "pointercancel"]) svg.addEventListener(name, () => { last = null; });
  const at = (new URL(location.href).searchParams.get("at") ?? "").split(" ").map(Number);
  if (at.length === 3 && at.every(Number.isFinite)) look(...at, false);
};

if (svg) {
  add(svg, "path", { d: path({ type: "Sphere" }), class: "sea" });
  add(svg, "path", { d: path(d3.geoGraticule10()), class: "grid" });
  const land = add(svg, "path", { class: "land" });
  svg.append(drawn);
  spots();
  moves();
  document.addEventListener("htmx:after:swap", spots);
  const topology = await (await fetch(svg.dataset.land)).json();
  land.setAttribute("d", path(topojson.feature(topology, topology.objects.land)));
}
