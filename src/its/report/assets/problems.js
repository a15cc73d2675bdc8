/* The table of problems. Only the rows in sight exist, so that its length costs nothing. */
import { el, said, plainly } from "./dom.js";
import { count, short, percent } from "./format.js";
import { current } from "./data.js";
import { PRESETS, view, chosen, fields } from "./filters.js";

const SORTS = [["index", "input order"], ["confidence", "confidence"], ["tokens", "tokens"], ["spent", "completions"], ["seconds", "time"],
  ["difficulty", "difficulty"], ["id", "id"], ["answer", "answer"]];
const SPARE = 8;

export function address(id) {
  return `#${encodeURIComponent(id)}`;
}

/** What a row's result is, in a word that also is its class. */
export function verdict(problems, i) {
  if (problems.status[i] !== "answered") return problems.status[i];
  return problems.correct[i] === null ? "answered" : problems.correct[i] ? "right" : "wrong";
}

export const MARKS = { right: "✓", wrong: "✗", answered: "·", unanswered: "?", failed: "!" };

export function problemTable() {
  const problems = current().problems;
  const list = virtualList(problems);
  const shown = el("p", { class: "quiet", role: "status" });
  const refresh = (keep) => {
    const order = chosen();
    shown.textContent = `${count(order.length)} of ${count(problems.id.length)} problems`;
    list.show(order, keep ? view.scroll : 0);
  };
  const page = [el("h1", null, "Problems"), controls(problems, refresh), shown, list.node];
  requestAnimationFrame(() => refresh(true));
  return page;
}

function controls(problems, refresh) {
  const search = el("input", { type: "search", id: "search", placeholder: "Search questions, answers, ids", "aria-label": "Search problems", value: view.query, autocomplete: "off" });
  search.addEventListener("input", () => { view.query = search.value; refresh(); });
  const filters = el("div", { class: "chips", role: "group", "aria-label": "Filter" }, PRESETS.map((preset) => {
    const n = preset.count(current());
    if (n === 0 && preset.name !== view.preset) return null;
    const button = el("button", { type: "button", "aria-pressed": String(preset.name === view.preset), "data-preset": preset.name }, preset.label, el("small", null, ` ${count(n)}`));
    button.addEventListener("click", () => {
      Object.assign(view, { preset: preset.name, only: null });
      for (const other of filters.children) other.setAttribute("aria-pressed", String(other === button));
      refresh();
    });
    return button;
  }));
  const sort = el("select", { "aria-label": "Sort by" }, SORTS.map(([name, label]) => el("option", { value: name, selected: name === view.sort }, label)));
  const direction = el("button", { type: "button", class: "turn", "aria-label": "Turn the order round" }, view.down ? "↓" : "↑");
  sort.addEventListener("change", () => { view.sort = sort.value; refresh(); });
  direction.addEventListener("click", () => {
    view.down = !view.down;
    direction.textContent = view.down ? "↓" : "↑";
    refresh();
  });
  return el("div", { class: "controls" }, search, filters, el("span", { class: "together" }, el("label", { class: "pick" }, "sorted by ", sort), direction), metadata(problems, refresh),
    view.only && el("p", { class: "quiet" }, "Only problems chosen in the comparison; choose a filter to see the others."));
}

function metadata(problems, refresh) {
  const options = fields(problems);
  if (!options.length) return null;
  const select = el("select", { "aria-label": "Filter by a field" }, el("option", { value: "" }, "any field"),
    options.map(([field, value, n]) => el("option", { value: JSON.stringify([field, value]), selected: view.field === JSON.stringify([field, value]) }, plainly(`${field} = ${value} (${n})`))));
  select.addEventListener("change", () => { view.field = select.value; refresh(); });
  return select;
}

function virtualList(problems) {
  const space = el("div", { class: "space", role: "rowgroup" });
  const scroller = el("div", { class: "list", tabindex: "0", "aria-label": "Problems; arrow keys move, Enter opens" }, space);
  const head = el("div", { class: "row head", role: "row" }, ["", "id", "question", "answer", "confidence", "completions", "tokens"].map((name) => el("span", { role: "columnheader" }, name)));
  const node = el("div", { class: "problems", role: "table", "aria-label": "Problems" }, el("div", { class: "heads", role: "rowgroup" }, head), scroller);
  let order = [], height = 44, focused = -1;

  function draw(from = first(), to = last()) {
    const rows = [];
    for (let n = from; n < to; n++) rows.push(row(problems, order[n], n, height));
    space.replaceChildren(...rows);
  }
  const first = () => Math.max(0, Math.floor(scroller.scrollTop / height) - SPARE);
  const last = () => Math.min(order.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / height) + SPARE);

  function show(places, scroll) {
    order = places;
    focused = -1;
    height = parseFloat(getComputedStyle(node).getPropertyValue("--row"));
    space.style.height = `${height * order.length}px`;
    node.setAttribute("aria-rowcount", String(order.length + 1));
    scroller.scrollTop = scroll;
    draw();
  }

  function move(step) {
    if (!order.length) return;
    const here = scroller.contains(document.activeElement) ? focused : Math.floor(scroller.scrollTop / height) - 1;
    focused = Math.max(0, Math.min(order.length - 1, here + step));
    const top = focused * height;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    if (top + height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + height - scroller.clientHeight;
    draw();
    space.querySelector(`[data-row="${focused}"]`)?.focus();
  }

  scroller.addEventListener("scroll", () => { view.scroll = scroller.scrollTop; if (!scroller.contains(document.activeElement) || document.activeElement === scroller) draw(); else keepFocus(); });
  function keepFocus() {
    const kept = document.activeElement.getAttribute("data-row");
    draw();
    space.querySelector(`[data-row="${kept}"]`)?.focus({ preventScroll: true });
  }
  scroller.addEventListener("focusin", (event) => { focused = Number(event.target.getAttribute("data-row") ?? focused); });
  scroller.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
    if (event.key in steps) { event.preventDefault(); move(steps[event.key]); }
  });
  new ResizeObserver(() => { if (order.length) show(order, scroller.scrollTop); }).observe(scroller);
  addEventListener("beforeprint", () => node.isConnected && draw(0, Math.min(order.length, 500)));
  addEventListener("afterprint", () => node.isConnected && draw());
  return { node, show };
}

function row(problems, i, n, height) {
  const kind = verdict(problems, i), id = problems.id[i];
  const link = el("a", { class: `row ${kind}`, role: "row", href: address(id), "data-row": n, "aria-rowindex": n + 2 },
    el("span", { role: "cell", class: "mark", title: kind }, MARKS[kind], el("span", { class: "unseen" }, kind)),
    el("span", { role: "cell", class: "id" }, said(id)),
    el("span", { role: "cell", class: "question" }, said(problems.question[i] || problems.error[i] || "")),
    el("span", { role: "cell", class: "answer" }, problems.answer[i] === null ? "–" : said(problems.answer[i])),
    el("span", { role: "cell", class: "number" }, meter(problems.confidence[i])),
    el("span", { role: "cell", class: "number" }, count(problems.spent[i])),
    el("span", { role: "cell", class: "number" }, short(problems.tokens[i])));
  link.style.top = `${n * height}px`;
  return link;
}

function meter(confidence) {
  if (confidence === null) return "–";
  const fill = el("span", { class: "fill" });
  fill.style.width = `${100 * confidence}%`;
  return [el("span", { class: "meter", "aria-hidden": "true" }, fill), percent(confidence, 0)];
}
