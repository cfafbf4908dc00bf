// Charts of numbers that the page has; the library is fetched when the first one appears.

let library;

const beside = (name) => new URL(`./uplot-1.6.32/${name}`, import.meta.url).href;
const fetched = () =>
  (library ??= new Promise((done, failed) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: beside("uPlot.min.css") });
    const script = Object.assign(document.createElement("script"), { src: beside("uPlot.iife.min.js") });
    script.onload = () => done(window.uPlot);
    script.onerror = failed;
    document.head.append(style, script);
  }));

const colour = (place, name) => {
  const probe = place.appendChild(document.createElement("i"));
  probe.style.color = `var(--${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

const draw = async (figure) => {
  const data = JSON.parse(figure.dataset.chart);
  const words = figure.dataset.words.split("|");
  figure.removeAttribute("data-chart");
  const uPlot = await fetched();
  const [text, line, main] = ["faint", "line", "accent"].map((name) => colour(figure, name));
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
  const place = document.createElement("div");
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", figure.dataset.name);
  figure.prepend(place);
  const chart = new uPlot(
    {
      width: Math.max(figure.clientWidth, 200),
      height: 180,
      legend: { live: true },
      axes: [axis, { ...axis, size: 60 }],
      bands: [{ series: [3, 1], fill: colour(figure, "tint") }],
      series: [{}, { label: words[0], stroke: line }, { label: words[1], stroke: main, width: 2 }, { label: words[2], stroke: line }],
    },
    data,
    place,
  );
  new ResizeObserver(() => chart.setSize({ width: Math.max(figure.clientWidth, 200), height: 180 })).observe(figure);
};

const all = () => document.querySelectorAll("figure[data-chart]").forEach(draw);
document.addEventListener("htmx:after:swap", all);
all();
