// A wall on a screen of its own. While the server fails, the last pictures stay, with a sign that says so.

const sign = document.getElementById("kiosk-broken");

if (sign) {
  document.addEventListener("htmx:before:swap", (event) => {
    const status = event.detail.ctx.response?.status ?? 0;
    sign.hidden = status < 500 && status !== 429;
    if (!sign.hidden) event.preventDefault(); // else it would replace what asks again
  });
  document.addEventListener("htmx:error", () => { sign.hidden = false; });
}
