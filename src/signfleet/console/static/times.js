// Shows the exact date of each <time> on hover, in the zone and language of the reader.

const { lang, dataset } = document.documentElement;
const how = { dateStyle: "full", timeStyle: "long" };
const formatOf = (timeZone) => {
  try {
    return new Intl.DateTimeFormat(lang, { ...how, timeZone });
  } catch {
    return new Intl.DateTimeFormat(lang, how); // a zone that this browser does not know
  }
};
const format = formatOf(dataset.zone || undefined);

for (const list of document.querySelectorAll("datalist[data-zones]")) {
  list.replaceChildren(...Intl.supportedValuesOf("timeZone").map((zone) => new Option(zone, zone)));
}

// The server does not know the zone of a browser whose reader has chosen none.
const show = () => {
  for (const time of document.querySelectorAll("time[datetime]")) time.title = format.format(new Date(time.dateTime));
};
if (!dataset.zone) {
  document.addEventListener("htmx:after:swap", show);
  show();
}
document.addEventListener("pointerover", ({ target }) => {
  const time = target.closest?.("time[datetime]");
  if (time) time.title = format.format(new Date(time.dateTime));
});
