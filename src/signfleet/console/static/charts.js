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

const { lang, dataset } = document.documentElement;
const DAY = 86_400; // s
const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 2 });
const formatOf = (how) => {
  try {
    return new Intl.DateTimeFormat(lang, { ...how, timeZone: dataset.zone || undefined });
  } catch {
    return new Intl.DateTimeFormat(lang, how); // a zone that this browser does not know
  }
};
const hour = formatOf({ timeStyle: "short" });
const day = formatOf({ day: "numeric", month: "short" });
const whole = formatOf({ dateStyle: "medium", timeStyle: "short" });

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
  const font = `12px ${getComputedStyle(figure).fontFamily}`;
  const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
  const { unit } = figure.dataset;
  const shown = (value) => (value == null ? "–" : `${number.format(value)}${unit && `\u00a0${unit}`}`);
  const [dates] = data;
  const last = dates.length - 1;
  const times = (_, ticks) => ticks.map((tick) => (dates[last] - dates[0] > 2 * DAY ? day : hour).format(tick * 1000));
  const place = document.createElement("div");
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", figure.dataset.name);
  figure.prepend(place);
  const chart = new uPlot(
    {
      width: Math.max(figure.clientWidth, 200),
      height: 180,
      axes: [{ ...axis, values: times, space: 70 }, { ...axis, size: 64, values: (_, ticks) => ticks.map(shown) }],
      bands: [{ series: [3, 1], fill: colour(figure, "tint") }],
      series: [
        { label: words[3], value: (_, date) => (date == null ? "–" : whole.format(date * 1000)) },
        ...words.slice(0, 3).map((label, place) => ({
          label,
          stroke: place === 1 ? main : line,
          width: place === 1 ? 2 : 1,
          value: (_, value) => shown(value),
        })),
      ],
    },
    data,
    place,
  );
  // Where nobody points, the legend has the last values.
  const rest = () => chart.setLegend({ idx: last });
  chart.over.addEventListener("mouseleave", () => setTimeout(rest));
  setTimeout(rest);
  new ResizeObserver(() => chart.setSize({ width: Math.max(figure.clientWidth, 200), height: 180 })).observe(figure);
};

const all = () => document.querySelectorAll("figure[data-chart]").forEach(draw);
document.addEventListener("htmx:after:swap", all);
all();
