/* Building the page. Every text goes in as a text node: nothing a model or a file said is markup. */

const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** An element. Properties are `class`, `on…` handlers (functions alone), and plain attributes. */
export function el(name, properties, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "href" && !value.startsWith("#")) throw new Error("links stay in the page");
    else node.setAttribute(key, value === true ? "" : value);
  }
  add(node, children);
  return node;
}

export function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** A text that others wrote, for a place that takes no elements (an option of a list). */
export function plainly(text) {
  return String(text).replace(HIDDEN, (found) => codeOf(found));
}

/** A text that others wrote: isolated in its direction, its invisible characters made visible. */
export function said(text, properties) {
  const node = el("bdi", properties);
  let place = 0;
  for (const found of String(text).matchAll(HIDDEN)) {
    node.append(text.slice(place, found.index), mark(found[0]));
    place = found.index + found[0].length;
  }
  node.append(String(text).slice(place));
  return node;
}

function mark(character) {
  return el("span", { class: "hidden-character", title: "a character that does not show" }, codeOf(character));
}

function codeOf(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** A figure as shown, with its exact value for whoever reads the page by program. */
export function figure(value, shown, name) {
  return el("data", { value: value === null || value === undefined ? "" : value, "data-name": name }, shown);
}

export function table(headings, rows, caption) {
  return el("table", null,
    caption && el("caption", null, caption),
    el("thead", null, el("tr", null, headings.map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", null, rows.map((row) => el("tr", null, row.map((cell, i) =>
      i === 0 ? el("th", { scope: "row" }, cell) : el("td", null, cell))))));
}

/** A row of buttons of which one is chosen. */
export function choice(label, options, chosen, choose) {
  const group = el("div", { class: "choice", role: "group", "aria-label": label });
  for (const [value, shown] of options) {
    const button = el("button", { type: "button", "aria-pressed": String(value === chosen) }, shown);
    button.addEventListener("click", () => {
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === button));
      choose(value);
    });
    group.append(button);
  }
  return group;
}
