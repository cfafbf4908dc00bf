// What happens on the server, in one stream for all tabs of a browser. A part of a page that shows it says so:
//   <div id="found" data-live="health device">{% block found %}…{% endblock %}</div>
// It is fetched again, as the block of its id, after such an event: at most once a second, or in `data-every` seconds;
// `data-device` limits it to events of one device, `data-again` fetches it once more so many seconds later, and
// `data-src` is its address where that is not the page's. "*" is any event. Once a minute it is fetched in any case, and
// once a second for as long as it has an element with `data-poll`.

const CONSOLE = new URL("../../", import.meta.url).pathname; // "/console/", perhaps below the path of a proxy
const PATH = `${CONSOLE}events`;
const SILENCE = 50_000; // ms; the server sends a beat every 20 s
const LONGEST_WAIT = 30_000; // ms between two attempts to connect
const BACK_SHOWN = 5000; // ms
const MINUTE = 60_000; // ms
const FIRST_LOOK = 5000; // ms

const sign = document.getElementById("live");
const channel = "BroadcastChannel" in window ? new BroadcastChannel("signfleet live") : null;

// --- parts of the page that show what happens ----------------------------------------------------------------------

const stale = new Set();
const fetched = new WeakMap();
const again = new WeakSet();
let timer = null;

const isSeen = (region) => {
  const { top, bottom } = region.getBoundingClientRect();
  return !document.hidden && bottom >= 0 && top <= innerHeight;
};
const due = (region) => (fetched.get(region) ?? 0) + 1000 * (region.dataset.every ?? 1);

const concerns = (region, facts) => {
  if ("many" in facts) return true;
  const words = region.dataset.live.split(" ");
  const ids = Object.keys(facts).filter((word) => words.includes(word) || words[0] === "*");
  const device = Number(region.dataset.device);
  return ids.some((word) => !device || facts[word].includes(device));
};

const refresh = async (region) => {
  fetched.set(region, Date.now());
  const address = region.dataset.src ?? location.pathname + location.search;
  const headers = { "HX-Request": "true", "X-Refresh": "true", "X-Fragment": region.id };
  const answer = await fetch(address, { headers });
  if (answer.headers.has("HX-Redirect")) return show("ended");
  const text = answer.status === 200 ? await answer.text() : null;
  if (text === null || !region.isConnected) return;
  await htmx.swap({ text, target: region, sourceElement: region, swap: "innerMorph" });
};

const schedule = () => {
  for (const region of stale) if (!region.isConnected) stale.delete(region);
  const next = Math.min(...[...stale].filter(isSeen).map(due));
  if (timer || next === Infinity) return;
  timer = setTimeout(async () => {
    const now = [...stale].filter((region) => isSeen(region) && due(region) <= Date.now());
    for (const region of now) stale.delete(region);
    await Promise.allSettled(now.map(refresh));
    timer = null;
    schedule();
  }, Math.max(next - Date.now(), 0));
};

const happened = (facts) => {
  for (const region of document.querySelectorAll("[data-live]:not(#live)")) {
    if (!concerns(region, facts) || region.querySelector("[data-live]")) continue;
    stale.add(region);
    if (region.dataset.again && !again.has(region)) {
      again.add(region);
      setTimeout(() => { again.delete(region); stale.add(region); schedule(); }, 1000 * region.dataset.again);
    }
  }
  schedule();
};

for (const [target, name] of [[document, "visibilitychange"], [document, "scroll"], [window, "resize"]]) {
  target.addEventListener(name, () => stale.size && schedule(), { passive: true });
}

// What people are about to write, and what they have opened, stays as it is.
document.addEventListener("input", ({ target }) => {
  if (!target.matches("[type=checkbox], [type=radio]")) target.form?.setAttribute("data-touched", "");
});
document.addEventListener("submit", ({ target }) => target.removeAttribute("data-touched"));
htmx.registerExtension("signfleet-keep", {
  htmx_before_morph_node: (node) => !node.matches?.("form[data-touched], dialog[open], [data-pending]"),
  htmx_before_morph_attr: (node, { attrName }) => !(attrName === "open" && node.matches("details")),
});

// --- the sign ------------------------------------------------------------------------------------------------------

const KINDS = { live: "good", broken: "warn", back: "good", ended: "bad" };
let shown = null;

const show = (state) => {
  if (state === shown) return;
  const next = state === "live" && shown ? "back" : state;
  shown = state;
  sign.className = `live badge ${KINDS[next]}`;
  sign.firstElementChild.textContent = sign.dataset[next];
  sign.dataset.state = next;
  sign.hidden = false;
  const link = sign.querySelector("a");
  link.hidden = next !== "ended";
  const here = `/console/${location.pathname.slice(CONSOLE.length)}${location.search}`;
  link.href = `${CONSOLE}sign-in?next=${encodeURIComponent(here)}`;
  if (next === "back") setTimeout(() => sign.dataset.state === "back" && ((shown = null), show("live")), BACK_SHOWN);
};

// --- the stream ----------------------------------------------------------------------------------------------------

let source = null;
let wait = 1000;
let heard = 0;
let retry = null;

const tell = (message) => {
  receive(message);
  channel?.postMessage(message);
};

const receive = ({ state, facts, asks }) => {
  if (asks) return source && shown && channel?.postMessage({ state: shown });
  if (facts) happened(facts);
  // What happened before the stream was open; on a new page that is little, and can wait until all is loaded.
  if (state === "live" && shown !== "live") setTimeout(happened, shown ? 0 : FIRST_LOOK, { many: [] });
  if (state) show(state);
};

const hasEnded = async () => {
  const stop = new AbortController();
  try {
    const answer = await fetch(PATH, { headers: { "HX-Request": "true", "X-Refresh": "true" }, signal: stop.signal });
    return answer.headers.has("HX-Redirect");
  } catch {
    return false;
  } finally {
    stop.abort();
  }
};

const lost = async () => {
  source?.close();
  source = null;
  clearTimeout(retry);
  const pause = wait * (0.75 + Math.random() / 2);
  wait = Math.min(wait * 2, LONGEST_WAIT);
  retry = setTimeout(connect, pause);
  if (shown === "live") await new Promise((done) => setTimeout(done, 1500));
  if (source?.readyState === EventSource.OPEN) return;
  tell({ state: (await hasEnded()) ? "ended" : "broken" });
};

const connect = () => {
  clearTimeout(retry);
  source?.close();
  const mine = (source = new EventSource(PATH));
  const hear = (act) => (event) => {
    if (source !== mine) return;
    heard = Date.now();
    act?.(event);
  };
  mine.addEventListener("open", hear(() => { wait = 1000; tell({ state: "live" }); }));
  mine.addEventListener("facts", hear(({ data }) => tell({ facts: JSON.parse(data) })));
  mine.addEventListener("beat", hear());
  mine.addEventListener("end", hear(lost));
  mine.addEventListener("error", () => source === mine && lost());
};

const lead = () => {
  heard = Date.now();
  connect();
  setInterval(() => source && Date.now() - heard > SILENCE && lost(), 5000);
  window.addEventListener("offline", () => source && lost());
  window.addEventListener("online", connect);
  return new Promise(() => {}); // for as long as this tab is open
};

if (sign) {
  channel?.addEventListener("message", ({ data }) => receive(data));
  channel?.postMessage({ asks: true });
  setInterval(() => happened({ many: [] }), MINUTE);
  setInterval(() => {
    for (const each of document.querySelectorAll("[data-poll]")) stale.add(each.closest("[data-live]"));
    if (stale.size) schedule();
  }, 1000);
  // Without TLS, browsers have no locks: each tab has its own stream then.
  if (navigator.locks && channel) navigator.locks.request("signfleet live", lead);
  else lead();
}
