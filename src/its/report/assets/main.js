/* The frame: which view is shown, the keyboard, the theme, printing. */
import { el, said, plainly } from "./dom.js";
import { page, openPage, current } from "./data.js";
import { redraw, forgetCharts } from "./chart.js";
import { overview } from "./overview.js";
import { address, problemTable } from "./problems.js";
import { problemPage, neighbours } from "./problem.js";
import { comparePage } from "./compare.js";
import { view, showPreset } from "./filters.js";

const THEMES = ["auto", "light", "dark"];
const content = document.getElementById("content");
let shown = null;

/** The view that the address names: a section after `#/`, else a problem's id. */
function route() {
  const hash = location.hash.slice(1);
  if (hash === "" || hash === "/") return { name: "overview" };
  if (hash.startsWith("/")) return { name: hash.slice(1) };
  try {
    return { name: "problem", id: decodeURIComponent(hash) };
  } catch {
    return { name: "problem", id: hash };
  }
}

async function show() {
  const wanted = route();
  const was = shown;
  shown = wanted;
  forgetCharts();
  const parts = await views(wanted);
  if (shown !== wanted) return;
  content.replaceChildren(...parts.flat(Infinity).filter(Boolean));
  content.setAttribute("data-view", wanted.name);
  drawTop(wanted);
  if (was) {
    scrollTo(0, 0);
    content.focus({ preventScroll: true });
  }
}

async function views(wanted) {
  if (wanted.name === "problem") return problemPage(wanted.id);
  if (wanted.name === "problems") return problemTable();
  if (wanted.name === "compare" && page.comparisons.length) return comparePage(chooseRun);
  return overview();
}

function chooseRun(number) {
  if (number === page.run) return;
  page.run = number;
  showPreset("all");
  view.order = [];
}

function drawTop(wanted) {
  const link = (name, label, href) => el("a", { href, "aria-current": wanted.name === name ? "page" : null }, label);
  const runs = page.runs.length > 1 && el("label", { class: "pick" }, el("span", { class: "unseen" }, "Run"), runPicker());
  document.getElementById("top").replaceChildren(el("div", { class: "bar-top" },
    el("span", { class: "run-name" }, runs || said(current().name)),
    el("nav", { "aria-label": "Views" }, link("overview", "Overview", "#/"), link("problems", "Problems", "#/problems"),
      page.comparisons.length > 0 && link("compare", "Compared", "#/compare")),
    themeButton()), ...notices());
}

function notices() {
  const left = page.runs.filter((run) => run.left_out > 0);
  return left.map((run) => el("p", { class: "notice" }, said(run.name), `: to keep this file small, the texts of the ${run.left_out.toLocaleString("en-US")} surest problems are left out. Their figures are here; --size makes room.`));
}

function runPicker() {
  const select = el("select", null, page.runs.map((run, i) => el("option", { value: i, selected: i === page.run }, plainly(run.name))));
  select.addEventListener("change", () => { chooseRun(Number(select.value)); show(); });
  return select;
}

function themeButton() {
  const button = el("button", { type: "button", class: "theme" });
  const label = () => { button.replaceChildren(`Theme: ${document.documentElement.getAttribute("data-theme")}`); };
  button.addEventListener("click", () => {
    setTheme(THEMES[(THEMES.indexOf(document.documentElement.getAttribute("data-theme")) + 1) % THEMES.length]);
    label();
  });
  label();
  return button;
}

function setTheme(name) {
  document.documentElement.setAttribute("data-theme", name);
  redraw();
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const writing = event.target.closest?.("input, select, textarea");
  if (writing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    if (shown.name === "problems") document.getElementById("search").focus();
    else location.hash = "#/problems";
  } else if (shown.name === "problem") {
    const { before, after } = neighbours(shown.id);
    if (event.key === "Escape") location.hash = "#/problems";
    if (event.key === "j" && after !== undefined) location.hash = address(after);
    if (event.key === "k" && before !== undefined) location.hash = address(before);
  }
});

document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); content.focus(); });
addEventListener("hashchange", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("beforeprint", () => { document.documentElement.setAttribute("data-print", ""); redraw(); });
addEventListener("afterprint", () => { document.documentElement.removeAttribute("data-print"); redraw(); });

try {
  await openPage();
  await show();
  document.documentElement.setAttribute("data-ready", "");
  performance.mark("figures-shown");
} catch (error) {
  content.replaceChildren(el("p", { class: "error" }, `This report cannot be opened: ${error.message}`));
  throw error;
}
