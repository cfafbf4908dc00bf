// Shows the exact date of each <time> on hover, in the zone and language of the reader.

const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeStyle: "long" });

document.addEventListener("pointerover", ({ target }) => {
  const time = target.closest?.("time[datetime]");
  if (time) time.title = format.format(new Date(time.dateTime));
});
