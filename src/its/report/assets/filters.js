/* Which problems the table shows, and in what order. */
import { current } from "./data.js";

const UNSURE = 0.6;

/** What people look for first. `says` follows a number; `keeps` takes columns and a place. */
export const PRESETS = [
  { name: "all", label: "all", keeps: () => true },
  { name: "wrong", label: "wrong", says: "wrong", keeps: (p, i) => p.correct[i] === false && p.status[i] === "answered" },
  { name: "failed", label: "failed or unanswered", says: "failed or unanswered", keeps: (p, i) => p.status[i] !== "answered" },
  { name: "unsure", label: "unsure", says: "unsure", keeps: (p, i) => p.confidence[i] !== null && p.confidence[i] < UNSURE },
  { name: "changed", label: "changed by later stages", says: "changed by later stages", keeps: (p, i) => p.changed[i] && p.status[i] === "answered" },
  { name: "expensive", label: "expensive", says: "of the most expensive", dear: true },
  { name: "gained", label: "better than greedy", says: "right where greedy was wrong", keeps: (p, i) => p.correct[i] === true && p.greedy[i]?.[1] === false },
  { name: "lost", label: "worse than greedy", says: "wrong where greedy was right", keeps: (p, i) => p.correct[i] === false && p.greedy[i]?.[1] === true },
  { name: "right", label: "right", says: "right", keeps: (p, i) => p.correct[i] === true },
];

/** The state of the table. It outlives a visit to a problem, so that going back finds it again. */
export const view = { preset: "all", query: "", field: "", sort: "index", down: false, scroll: 0, order: [], only: null };

for (const preset of PRESETS) {
  preset.count = (run) => {
    const keeps = keeper(preset, run.problems);
    return run.problems.id.reduce((n, _, i) => n + keeps(i), 0);
  };
}

export function showPreset(name, only = null) {
  Object.assign(view, { preset: name, query: "", field: "", sort: name === "expensive" ? "tokens" : "index", down: name === "expensive", scroll: 0, only });
}

/** Places of the problems to show, in order. */
export function chosen() {
  const problems = current().problems;
  const keeps = keeper(PRESETS.find((preset) => preset.name === view.preset), problems);
  const words = view.query.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = words.length ? searchable(problems) : null;
  const [field, value] = view.field ? JSON.parse(view.field) : [];
  const found = [];
  for (let i = 0; i < problems.id.length; i++) {
    if (!keeps(i)) continue;
    if (view.only && !view.only.has(problems.id[i])) continue;
    if (view.field && String(problems.metadata[i]?.[field]) !== value) continue;
    if (texts && !words.every((word) => texts[i].includes(word))) continue;
    found.push(i);
  }
  view.order = sorted(found, problems);
  return view.order;
}

/** Metadata fields of few values: [field, value, how many]. */
export function fields(problems) {
  const counts = new Map();
  for (const metadata of problems.metadata) {
    for (const [field, value] of Object.entries(metadata ?? {})) {
      if (!counts.has(field)) counts.set(field, new Map());
      const values = counts.get(field);
      values.set(String(value), (values.get(String(value)) ?? 0) + 1);
    }
  }
  return [...counts].filter(([, values]) => values.size > 1 && values.size <= 40).flatMap(([field, values]) =>
    [...values].sort().map(([value, n]) => [field, value, n]));
}

function keeper(preset, problems) {
  if (!preset.dear) return (i) => preset.keeps(problems, i);
  const spent = problems.tokens.some((n) => n !== null) ? problems.tokens : problems.spent;
  const limit = [...spent].sort((a, b) => a - b)[Math.floor(0.9 * spent.length)];
  const differ = spent.some((n) => n < limit);
  return (i) => differ && spent[i] >= limit;
}

let texts = null, textsOf = null;

function searchable(problems) {
  if (textsOf !== problems) {
    textsOf = problems;
    texts = problems.id.map((id, i) => [id, problems.question[i], problems.answer[i], problems.reference[i], problems.error[i], problems.strategy[i]].join("\n").toLowerCase());
  }
  return texts;
}

function sorted(places, problems) {
  if (view.sort === "index") return view.down ? places.reverse() : places;
  const column = problems[view.sort], sign = view.down ? -1 : 1;
  return places.sort((a, b) => {
    const x = column[a], y = column[b];
    if (x === y) return a - b;
    if (x === null || x === undefined) return 1;  // what is unknown comes last either way
    if (y === null || y === undefined) return -1;
    const order = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
    return sign * order || a - b;
  });
}
