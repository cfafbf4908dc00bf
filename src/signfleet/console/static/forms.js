// Forms that a script sends. What `data-now` says shows before the answer: a tag that is added or removed, a note that is
// saved. If the server refuses it, it is taken back; what people have written stays, and beside it stands why.

const formOf = ({ sourceElement }) => sourceElement?.closest?.("form");
const back = new WeakMap(); // what takes back, by form

const chip = (form) => {
  const text = [...form.querySelectorAll("input")].map(({ value }) => value.trim()).filter(Boolean).join(" ");
  const item = Object.assign(document.createElement("li"), { className: "chip" });
  item.append(Object.assign(document.createElement("span"), { textContent: text }));
  return item;
};

const NOW = {
  add: (form) => {
    const item = chip(form);
    form.closest("section").querySelector(".chips").append(item);
    return () => item.remove();
  },
  remove: (form) => {
    const item = form.closest("li");
    item.hidden = true;
    return () => (item.hidden = false);
  },
  save: (form) => {
    const said = form.querySelector("[data-said]");
    said.hidden = false;
    return () => (said.hidden = true);
  },
};

const refuse = (form, words) => {
  back.get(form)?.();
  const said = Object.assign(document.createElement("p"), { className: "failure", textContent: words });
  said.setAttribute("role", "alert");
  said.dataset.refused = "";
  form.prepend(said);
};

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const form = formOf(ctx);
  form?.querySelector("[data-refused]")?.remove();
  if (!form?.dataset.now) return;
  back.set(form, NOW[form.dataset.now](form));
  form.closest("section").dataset.pending = ""; // a refresh in between leaves it alone
});

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  const form = formOf(ctx);
  const status = ctx.response?.status ?? 0;
  const isSaid = ctx.response?.headers.has("X-Refused");
  if (!form || (!isSaid && status < 500)) return;
  event.preventDefault();
  const said = new DOMParser().parseFromString(ctx.text, "text/html").querySelector("[role=alert]");
  refuse(form, (isSaid && said?.textContent) || document.getElementById("toasts").dataset.failed);
});

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  const form = ctx && formOf(ctx);
  if (form) refuse(form, document.getElementById("toasts").dataset.failed);
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const form = formOf(ctx);
  if (!form) return;
  back.delete(form);
  for (const each of document.querySelectorAll("[data-pending]")) delete each.dataset.pending;
});
