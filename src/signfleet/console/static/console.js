// What works on every page. Each part is a small module.
import "./keys.js";
import "./menus.js";
import "./times.js";
import "./lists.js";
import "./palette.js";
import "./charts.js";
import "./live.js";
import "./forms.js";
import "./side.js";
