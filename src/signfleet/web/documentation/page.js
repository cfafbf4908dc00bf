const places = [...document.querySelectorAll("main section[id]")].map((section) => ({
  section,
  entry: document.querySelector(`nav a[href="#${section.id}"]`)?.parentElement,
  text: section.textContent.toLowerCase(),
}));
const found = document.getElementById("found");

// A heading is of use as long as something below it is shown.
function hideEmpty(headings, isShown) {
  for (const heading of headings) {
    let next = heading.nextElementSibling;
    let isEmpty = true;
    for (; next && next.tagName !== "H2"; next = next.nextElementSibling) isEmpty &&= !isShown(next);
    heading.hidden = isEmpty;
  }
}

document.getElementById("find").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { section, entry, text } of places) {
    section.hidden = !words.every((word) => text.includes(word));
    if (entry) entry.hidden = section.hidden;
    count += !section.hidden;
  }
  for (const guide of document.querySelectorAll("[data-guide]")) {
    guide.hidden = !words.every((word) => guide.textContent.toLowerCase().includes(word));
  }
  hideEmpty(document.querySelectorAll("main h2[id]"), (element) => !element.hidden);
  hideEmpty(document.querySelectorAll("nav h2"), (element) => element.querySelector("li:not([hidden])"));
  if (!words.length) found.textContent = "";
  else if (count) found.textContent = count === 1 ? "1 place" : `${count} places`;
  else found.textContent = "Nothing found. Try fewer or shorter words.";
});
