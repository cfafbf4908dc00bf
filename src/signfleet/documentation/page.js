const places = [...document.querySelectorAll("main section[id]")].map((section) => ({
  section,
  entry: document.querySelector(`nav a[href="#${section.id}"]`)?.parentElement,
  text: section.textContent.toLowerCase(),
}));
document.getElementById("find").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/);
  for (const { section, entry, text } of places) {
    section.hidden = !words.every((word) => text.includes(word));
    if (entry) entry.hidden = section.hidden;
  }
});
