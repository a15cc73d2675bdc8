/* Runs compared, paired on problems. */
import { el, said, figure, table } from "./dom.js";
import { count, short, money, seconds, percent, signed, ratio, probability, plural } from "./format.js";
import { page } from "./data.js";
import { address } from "./problems.js";
import { showPreset } from "./filters.js";

const LISTED = 60;

export function comparePage(choose) {
  return [el("h1", null, "Compared"), ...page.comparisons.map((each, n) => comparison(each, n, choose))];
}

function comparison(each, n, choose) {
  const [first, second] = each.runs.map((number) => page.runs[number]);
  return el("section", { class: "comparison" },
    el("h2", null, said(second.name), " against ", said(first.name)),
    each.difference === null ? el("p", { class: "lead" }, `They share ${plural(each.problems, "problem")}, none of them graded in both.`) : [
      el("p", { class: "big" }, figure(each.difference, `${signed(each.difference)} points`, `compare.${n}.difference`)),
      el("p", { class: "lead" }, conclusion(each, first, second)),
      interval(each),
      el("div", { class: "two" }, quadrants(each, n, first, second), costs(each, first, second)),
      el("div", { class: "two" }, list(each.first_only, `Right in ${first.name} alone`, each.runs[0], choose), list(each.second_only, `Right in ${second.name} alone`, each.runs[1], choose))],
    notes(each));
}

function conclusion(each, first, second) {
  const sure = each.low > 0 || each.high < 0;
  const better = each.difference > 0 ? second : first;
  return [sure ? [said(better.name), " is better. "] : "The interval holds 0: these problems do not show which is better. ",
    `95 % interval ${signed(each.low)} to ${signed(each.high)} points; McNemar's exact test p = ${probability(each.p_value)}`,
    each.p_adjusted !== each.p_value && ` (${probability(each.p_adjusted)} adjusted for ${page.comparisons.length} comparisons)`,
    "; same answer on ", percent(each.agreement), " of the problems."];
}

function interval(each) {
  const most = Math.max(Math.abs(each.low), Math.abs(each.high)) * 1.15 || 0.01;
  const at = (value) => `${50 + (50 * value) / most}%`;
  const band = el("span", { class: "band" }), dot = el("span", { class: "dot" });
  band.style.left = at(each.low);
  band.style.width = `${(50 * (each.high - each.low)) / most}%`;
  dot.style.left = at(each.difference);
  return el("div", { class: "whiskers zero", "aria-hidden": "true" }, el("div", { class: "whisker right" }, el("span", { class: "track" }, el("span", { class: "nought" }), band, dot)));
}

function quadrants(each, n, first, second) {
  const cell = (value, name) => figure(value, count(value), `compare.${n}.${name}`);
  return el("div", { class: "wide" }, table(["", [said(second.name), " right"], [said(second.name), " wrong"]], [
    [[said(first.name), " right"], cell(each.both_right, "both_right"), cell(each.first_only.length, "first_only")],
    [[said(first.name), " wrong"], cell(each.second_only.length, "second_only"), cell(each.both_wrong, "both_wrong")]], "Problems"));
}

function costs(each, first, second) {
  const rows = [["calls", count], ["completions", count], ["tokens", short], ["usd", money], ["seconds", seconds]];
  return el("div", { class: "wide" }, table(["", said(first.name), said(second.name), "ratio"], rows.map(([name, show]) =>
    [name === "usd" ? "money" : name, show(each.costs[0][name]), show(each.costs[1][name]), ratio(each.costs[1][name], each.costs[0][name])]), "Cost on the shared problems"));
}

function list(ids, title, run, choose) {
  const other = page.comparisons.length ? run : 0;
  return el("div", null, el("h3", null, said(title), el("small", null, ` ${count(ids.length)}`)),
    el("p", { class: "ids" }, ids.slice(0, LISTED).map((id) => [el("a", { href: address(id), onclick: () => choose(other) }, said(id)), " "])),
    ids.length > 0 && el("p", null, el("a", { href: "#/problems", onclick: () => { choose(other); showPreset("all", new Set(ids)); } }, "In the table")));
}

function notes(each) {
  const [first, second] = each.unpaired;
  return el("p", { class: "quiet" }, `Paired on ${plural(each.problems, "problem")}, ${count(each.first.total)} of them graded in both.`,
    first + second > 0 && ` In one run alone: ${count(first)} and ${count(second)}.`,
    each.differing > 0 && ` ${plural(each.differing, "id")} ask different things and are left out.`);
}
