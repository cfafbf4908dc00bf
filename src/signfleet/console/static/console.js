// What works on every page. Each part is a small module.
import "./keys.js";
import "./menus.js";
import "./times.js";
import "./lists.js";
import "./palette.js";
import "./live.js";
import "./forms.js";
import "./side.js";

// Few pages have charts.
const charts = () => document.querySelector("figure[data-chart]") && import("./charts.js");
document.addEventListener("htmx:after:swap", charts);
charts();

if (document.getElementById("kiosk-broken")) import("./kiosk.js");
document.addEventListener("focusin", () => import("./focus.js"), { once: true });
