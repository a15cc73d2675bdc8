/* Stages as trees: a node is what a call or a search made, below what it was made from. */
import { el, said } from "./dom.js";
import { plural, short } from "./format.js";

const EXCERPT = 110;

export function stageSection(stage, opened) {
  const ran = stage.nodes.length > 0 || stage.strategy;
  const about = [stage.strategy && stage.strategy !== stage.name ? stage.strategy : null,
    stage.completions !== undefined ? `up to ${plural(stage.completions, "completion")}` : null].filter(Boolean).join(", ");
  const skipped = stage.remarks.find((each) => each.decision === "skipped");
  if (!ran || (skipped && !stage.nodes.length)) {
    return el("div", { class: "stage skipped" }, el("span", { class: "name" }, said(stage.name)), " ", said(skipped?.text ?? stage.remarks[0]?.text ?? "nothing was asked"));
  }
  return el("details", { class: "stage", open: opened },
    el("summary", null, el("span", { class: "name" }, said(stage.name)), el("span", { class: "about" }, about, stage.model && [" of ", said(stage.model)])),
    el("ul", { class: "tree" }, branch(stage.roots)),
    stage.remarks.length > 0 && el("ul", { class: "remarks" }, stage.remarks.map((each) => el("li", null, each.times > 1 && `${each.times} × `, said(each.text)))));
}

/** Siblings, each with what grew from it. An only child stands beside its parent, so that a long lineage does not wander off. */
function branch(nodes) {
  const items = [];
  for (const node of nodes) {
    const item = el("li", { class: node.onPath ? "on-path" : null }, entry(node));
    items.push(item);
    let last = node, lineage = null;
    while (last.children.length === 1) {
      last = last.children[0];
      lineage ??= el("ul", { class: "lineage" });
      lineage.append(el("li", { class: last.onPath ? "on-path" : null }, entry(last)));
    }
    if (lineage) item.append(lineage);
    if (last.children.length) (lineage?.lastChild ?? item).append(el("ul", null, branch(last.children)));
  }
  return items;
}

function entry(node) {
  const line = (node.text ?? "").replace(/\s+/g, " ").trim();
  return el("details", { class: `node${node.chosen ? " chosen" : ""}` },
    el("summary", null,
      el("span", { class: "label" }, said(node.label)),
      node.style && el("span", { class: "style" }, said(node.style.replaceAll("_", " "))),
      node.candidate && el("span", { class: `chip${node.answer === null ? " none" : ""}` }, node.answer === null ? "no answer" : said(node.answer), node.fallback && " ?"),
      scoreOf(node),
      node.weight !== undefined && node.weight !== 1 && el("span", { class: "style" }, `weight ${short(node.weight)}`),
      node.chosen && el("span", { class: "won" }, "chosen"),
      node.complete === false && el("span", { class: "style" }, "unfinished"),
      el("span", { class: "excerpt" }, said(line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line))),
    el("pre", { tabindex: "0" }, said(node.text ?? "")),
    (node.scores ?? []).filter((score) => score.reason).map((score) =>
      el("div", { class: "reason" }, el("span", { class: "style" }, `${score.reward}: ${score.value === null ? "no score" : short(score.value)}`), el("pre", { tabindex: "0" }, said(score.reason)))),
    node.step_scores?.length > 1 && el("p", { class: "quiet" }, `scores by step: ${node.step_scores.map((each) => each.toFixed(2)).join(", ")}`));
}

function scoreOf(node) {
  const score = node.scores?.at(-1)?.value;
  if (score === null || score === undefined) return null;
  const fill = el("span", { class: "fill" });
  fill.style.width = `${100 * Math.max(0, Math.min(1, score))}%`;
  return el("span", { class: "score", title: "score" }, el("span", { class: "meter", "aria-hidden": "true" }, fill), score.toFixed(2));
}
