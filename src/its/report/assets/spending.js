/* Where the compute went: the accounts of the run, by stage, strategy, model and difficulty. */
import { el, figure, choice, table, said } from "./dom.js";
import { count, short, money, flops, plural, seconds, percent } from "./format.js";

const MEASURES = [["tokens", "tokens", short], ["completions", "completions", count], ["calls", "calls", count], ["usd", "money", money],
  ["flops", "FLOPs", flops], ["seconds", "time in calls", seconds]];
const COLUMNS = [["calls", count], ["completions", count], ["prompt_tokens", count], ["cached_tokens", count], ["completion_tokens", count],
  ["reasoning_tokens", count], ["usd", money], ["flops", flops], ["seconds", seconds], ["retries", count], ["cancelled", count], ["failed_calls", count], ["estimated", count]];

export function spendingSection(run) {
  const groups = groupsOf(run);
  if (!groups.length) return null;
  const place = el("div"), state = { by: groups[0][0], measure: "tokens" };
  const draw = () => place.replaceChildren(...bars(groups.find(([name]) => name === state.by), state.measure));
  const set = (name) => (value) => { state[name] = value; draw(); };
  draw();
  return el("section", null, el("h2", null, "Where the compute went"),
    el("div", { class: "controls" }, choice("Group", groups.map(([name]) => [name, `by ${name}`]), state.by, set("by")),
      el("label", { class: "pick" }, "measured in ", picker(set("measure")))),
    place, stopped(run.accounts?.cut));
}

/** Samples that were stopped while they were written, if any. */
function stopped(cut) {
  if (!cut) return null;
  const saved = cut.saved_tokens ? `: about ${count(cut.saved_tokens)} saved` : "";
  return el("p", { class: "quiet" }, `${plural(cut.samples, "sample")} stopped while being written, after ${plural(cut.completion_tokens, "token")}${saved}.`);
}

function picker(choose) {
  const select = el("select", null, MEASURES.map(([name, shown]) => el("option", { value: name }, shown)));
  select.addEventListener("change", () => choose(select.value));
  return select;
}

function groupsOf(run) {
  const { accounts } = run;
  const groups = accounts ? [["stage", accounts.by_stage], ["strategy", accounts.by_strategy], ["model", accounts.by_model]].map(([name, bills]) =>
    [name, Object.entries(bills), accounts.totals]) : [];
  const levels = run.by_difficulty.map((level) => [level.difficulty === null ? "not known" : `difficulty ${level.difficulty}`, level]);
  if (levels.length) groups.push(["difficulty", levels, null]);
  return groups;
}

function amount(bill, measure) {
  if (measure !== "tokens") return bill[measure] ?? null;
  return bill.prompt_tokens === null || bill.completion_tokens === null ? null : bill.prompt_tokens + bill.completion_tokens;
}

function bars([name, bills, totals], measure) {
  const [, label, show] = MEASURES.find(([key]) => key === measure);
  const shown = bills.filter(([, bill]) => bill.calls > 0 || bill.problems > 0);
  const amounts = shown.map(([, bill]) => amount(bill, measure));
  if (amounts.every((value) => value === null)) {
    return [el("p", { class: "quiet" }, `${label} unknown${measure === "usd" ? ": the pipeline names no price" : ""}.`)];
  }
  const known = amounts.filter((value) => value !== null);
  const most = Math.max(...known), sum = known.reduce((a, b) => a + b, 0);
  return [el("div", { class: "bars" }, shown.map(([key, bill], i) => {
    const fill = el("span", { class: "fill first" });
    fill.style.width = `${most > 0 ? (100 * (amounts[i] ?? 0)) / most : 0}%`;
    const right = bill.share?.accuracy;
    return el("div", { class: "bar" }, el("span", { class: "name" }, said(key), bill.problems && el("small", null, ` ${count(bill.problems)} problems${right === null ? "" : `, ${percent(right)} right`}`)),
      el("span", { class: "track" }, fill),
      el("span", { class: "value" }, show(amounts[i]), sum > 0 && amounts[i] !== null && el("small", null, ` ${percent(amounts[i] / sum, 0)}`)));
  })), exact(name, bills, totals)];
}

/** The whole accounts, digit by digit. */
function exact(name, bills, totals) {
  const rows = totals ? [...bills, ["total", totals]] : bills;
  const columns = COLUMNS.filter(([key]) => key in rows[0][1]);
  return el("details", { class: "digits" }, el("summary", null, "The figures"), el("div", { class: "wide" },
    table([name, ...columns.map(([key]) => key.replaceAll("_", " "))], rows.map(([group, bill]) => [said(group),
      ...columns.map(([key, show]) => figure(bill[key], show(bill[key]), `by_${name}.${group}.${key}`))]))));
}
