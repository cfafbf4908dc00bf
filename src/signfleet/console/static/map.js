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
    add(dot, "path", { d, transform: `translate(${at[0].toFixed(1)} ${at[1].toFixed(1)})` });
  }
};

if (svg) {
  add(svg, "path", { d: path({ type: "Sphere" }), class: "sea" });
  add(svg, "path", { d: path(d3.geoGraticule10()), class: "grid" });
  const land = add(svg, "path", { class: "land" });
  svg.append(drawn);
  spots();
  document.addEventListener("htmx:after:swap", spots);
  const topology = await (await fetch(svg.dataset.land)).json();
  land.setAttribute("d", path(topojson.feature(topology, topology.objects.land)));
}
