/* The first view: what the run achieved, what that cost, and where to look next. */
import { el, figure, choice, said } from "./dom.js";
import { count, short, money, flops, seconds, percent, plural } from "./format.js";
import { current } from "./data.js";
import { lineChart, digits } from "./chart.js";
import { spendingSection } from "./spending.js";
import { PRESETS, showPreset } from "./filters.js";

export function overview() {
  const run = current();
  return [
    el("section", { class: "headline", "aria-label": "Headline" }, headline(run), facts(run)),
    lookInto(run),
    curveSection(run),
    spendingSection(run),
    confidenceSection(run),
    returnsSection(run),
    pipelineSection(run),
  ];
}

function section(title, lead, ...content) {
  return el("section", null, el("h2", null, title), lead && el("p", { class: "lead" }, lead), ...content);
}

function headline(run) {
  const { scaled, greedy, problems } = run.headline;
  if (scaled.accuracy === null) {
    return el("div", null, el("p", { class: "big" }, count(run.headline.answered)),
      el("p", { class: "lead" }, `of ${plural(problems, "problem")} answered. No problem has a reference, so nothing is graded.`));
  }
  return el("div", null,
    el("h1", { class: "big" }, figure(scaled.accuracy, percent(scaled.accuracy), "accuracy")),
    el("p", { class: "lead" }, "right: ", figure(scaled.right, count(scaled.right), "right"), " of ",
      figure(scaled.total, count(scaled.total), "graded"), " problems; 95 % interval ",
      figure(scaled.low, percent(scaled.low), "low"), " to ", figure(scaled.high, percent(scaled.high), "high"),
      greedy && [". One greedy pass: ", figure(greedy.accuracy, percent(greedy.accuracy), "greedy"), "."]),
    whiskers(scaled, greedy));
}

/** Both accuracies on one scale, each with its interval. */
function whiskers(scaled, greedy) {
  const ends = [scaled, greedy].filter(Boolean).flatMap((share) => [share.low, share.high]);
  const low = Math.max(0, Math.floor(Math.min(...ends) * 10 - 0.5) / 10), high = Math.min(1, Math.ceil(Math.max(...ends) * 10 + 0.2) / 10);
  const at = (value) => `${(100 * (value - low)) / (high - low)}%`;
  const line = (name, share, kind) => {
    const band = el("span", { class: "band" }), dot = el("span", { class: "dot" });
    band.style.left = at(share.low);
    band.style.width = `${(100 * (share.high - share.low)) / (high - low)}%`;
    dot.style.left = at(share.accuracy);
    return el("div", { class: `whisker ${kind}` }, el("span", { class: "name" }, name), el("span", { class: "track" }, band, dot),
      el("span", { class: "value" }, percent(share.accuracy)));
  };
  return el("div", { class: "whiskers", "aria-hidden": "true" }, line("this run", scaled, "right"),
    greedy && line("greedy", greedy, "second"),
    el("div", { class: "whisker scale" }, el("span", { class: "name" }), el("span", { class: "track" },
      el("span", { class: "from" }, percent(low, 0)), el("span", { class: "to" }, percent(high, 0))), el("span", { class: "value" })));
}

function facts(run) {
  const { answered, unanswered, failed, problems } = run.headline;
  const totals = run.accounts?.totals;
  const tokens = totals && (totals.prompt_tokens === null || totals.completion_tokens === null ? null : totals.prompt_tokens + totals.completion_tokens);
  const rows = [
    ["problems", problems, count(problems)], ["answered", answered, count(answered)],
    ["unanswered", unanswered, count(unanswered)], ["failed", failed, count(failed)],
    ...(totals ? [
      ["calls", totals.calls, count(totals.calls)], ["completions", totals.completions, count(totals.completions)],
      ["tokens", tokens, short(tokens)], ["money", totals.usd, money(totals.usd)],
      ["FLOPs", totals.flops, flops(totals.flops)], ["time in calls", totals.seconds, seconds(totals.seconds)],
    ] : []),
  ];
  return el("dl", { class: "facts" }, rows.map(([name, value, shown]) =>
    el("div", { class: value === 0 && (name === "failed" || name === "unanswered") ? "none" : name === "failed" ? "alarm" : null },
      el("dt", null, name), el("dd", null, figure(value, shown, `total.${name}`)))),
    !totals && el("p", { class: "quiet" }, "The run has not ended once, so there are no accounts yet."),
    totals?.estimated > 0 && el("p", { class: "quiet" }, `${count(totals.estimated)} tokens were not reported by the endpoint and are estimates.`));
}

function lookInto(run) {
  const links = PRESETS.filter((preset) => preset.name !== "all").map((preset) => [preset, preset.count(run)]).filter(([, n]) => n > 0);
  return el("nav", { class: "look", "aria-label": "Problems worth a look" }, links.map(([preset, n]) =>
    el("a", { href: "#/problems", onclick: () => showPreset(preset.name) }, el("strong", null, count(n)), ` ${preset.says}`)),
    el("a", { href: "#/problems", onclick: () => showPreset("all") }, "all problems"));
}

const LINES = { vote: ["a vote of n", "first"], adaptive: ["stops when sure", "third"], oracle: ["ceiling: any of n is right", "quiet"] };
const COSTS = [["calls", "completions"], ["tokens", "tokens"], ["usd", "money"]];

function curveSection(run) {
  const { points, note, orders } = run.curve;
  if (!points.length) {
    return section("Accuracy against cost", null, observed(run), el("p", { class: "quiet" }, "No curve for this run. ", said(note)));
  }
  const known = COSTS.filter(([name]) => points.every((point) => point[name] !== null && point[name] > 0));
  const place = el("div");
  const draw = (by) => place.replaceChildren(curveChart(points, by, known.find(([name]) => name === by)[1]));
  draw(known[0][0]);
  return section("Accuracy against cost",
    `What other budgets would have given, replayed on this run's own samples in ${orders} random orders. The shaded band is the 95 % interval of the vote.`,
    known.length > 1 && choice("Cost", known, known[0][0], draw), place);
}

function curveChart(points, by, label) {
  const names = Object.keys(LINES).filter((name) => points.some((point) => point.strategy === name));
  const lines = names.map((name) => ({
    name: LINES[name][0], colour: LINES[name][1], dash: name === "oracle", band: name === "vote",
    points: points.filter((point) => point.strategy === name).map((point) => [point[by], point.accuracy, point.low, point.high]),
  }));
  const show = by === "usd" ? money : short;
  return lineChart({
    title: `Accuracy against ${label} per problem`,
    x: { label: `${label} per problem`, show, log: by === "calls" ? 2 : 10 }, y: { label: "accuracy", show: (v) => percent(v, 0) }, lines,
    rows: digits("curve", [["strategy", "strategy"], ["n", "n"], ["accuracy", "accuracy", percent], ["low", "low", percent], ["high", "high", percent],
      ["completions", "calls", short], ["tokens", "tokens", short], ["in sequence", "sequential_tokens", short], ["money", "usd", money]], points),
  });
}

/** Without a curve: the greedy pass, the run itself, and whether any of its samples was right. */
function observed(run) {
  const { scaled, greedy } = run.headline;
  if (scaled.accuracy === null) return null;
  const rows = [greedy && ["one greedy pass", greedy.accuracy, "second"], ["this run", scaled.accuracy, "right"],
    run.ceiling && ["any independent sample right", run.ceiling.right / run.ceiling.total, "quiet"]].filter(Boolean);
  return el("div", { class: "bars" }, rows.map(([name, value, kind]) => bar(name, value, 1, percent(value), kind)));
}

export function bar(name, value, most, shown, kind) {
  const fill = el("span", { class: `fill ${kind ?? ""}` });
  fill.style.width = `${most > 0 ? Math.max(0.4, (100 * value) / most) : 0}%`;
  return el("div", { class: "bar" }, el("span", { class: "name" }, name), el("span", { class: "track" }, fill), el("span", { class: "value" }, shown));
}

function confidenceSection(run) {
  const { reliability, coverage } = run;
  if (!reliability) return null;
  const bins = reliability.bins.map((bin) => ({ from: bin.low, to: bin.high, confidence: bin.confidence, right: bin.share.right, of: bin.share.total,
    accuracy: bin.share.accuracy, low: bin.share.low, high: bin.share.high }));
  return section("Can its confidence be believed?",
    `On average confidence and accuracy are ${percent(reliability.gap)} apart (expected calibration error); the Brier score is ${reliability.brier.toFixed(3)}.`,
    el("div", { class: "two" },
      lineChart({
        title: "Reliability: how often answers of a confidence are right",
        x: { label: "confidence", show: (v) => percent(v, 0), range: [0, 1.02] }, y: { label: "right", show: (v) => percent(v, 0), range: [0, 1.02] },
        lines: [{ name: "as confident as right", colour: "quiet", dash: true, dots: false, plain: true, points: [[0, 0], [1, 1]] },
          { name: "answers, with 95 % intervals", colour: "first", whiskers: true, points: bins.map((b) => [b.confidence, b.accuracy, b.low, b.high]) }],
        rows: digits("reliability", [["above", "from", percent], ["up to", "to", percent], ["confidence", "confidence", percent], ["answers", "of", count],
          ["right", "right", count], ["accuracy", "accuracy", percent]], bins),
      }),
      lineChart({
        title: "Coverage: accuracy if only the surest were answered",
        x: { label: "problems answered", show: (v) => percent(v, 0), range: [0, 1.02] }, y: { label: "accuracy", show: (v) => percent(v, 0) },
        lines: [{ name: "the surest answers", colour: "first", dots: coverage.length < 40, points: coverage.map((c) => [c.covered, c.accuracy]) }],
        rows: digits("coverage", [["confidence at least", "confidence", percent], ["answered", "covered", percent], ["accuracy", "accuracy", percent]], coverage),
      })));
}

function returnsSection(run) {
  const { returns, last_part: last } = run;
  if (returns.length < 2) return null;
  const graded = returns[0].right !== null;
  const lines = [{ name: "vote is the final one", colour: "first", dots: returns.length < 40, points: returns.map((r) => [r.samples, r.settled]) }];
  if (graded) lines.push({ name: "vote is right", colour: "right", dots: returns.length < 40, points: returns.map((r) => [r.samples, r.right]) });
  return section("Diminishing returns", `In the order in which this run drew its samples. ${last}`,
    lineChart({
      title: "What each further sample changed",
      x: { label: "samples of each problem, at most", show: short, whole: true }, y: { label: "share of problems", show: (v) => percent(v, 0) }, lines,
      rows: digits("returns", [["samples", "samples"], ["drawn, mean", "drawn", short], ["settled", "settled", percent], ["right", "right", percent]], returns),
    }));
}

function pipelineSection(run) {
  return section("The pipeline", null,
    el("p", { class: "quiet" }, "Run ", said(run.name), `, state: ${run.state ?? "unknown"}, written by its ${run.version ?? "of unknown version"}.`),
    run.configuration && el("details", null, el("summary", null, "Its whole configuration"),
      el("pre", { tabindex: "0" }, said(JSON.stringify(run.configuration, null, 2)))));
}
