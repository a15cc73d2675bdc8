/* One problem's page: the question, every stage, the vote, prompts and replies, and the bill. */
import { el, said, plainly, table, figure } from "./dom.js";
import { count, short, money, seconds, percent, plural } from "./format.js";
import { page, current, placeOf, eventsOf } from "./data.js";
import { view } from "./filters.js";
import { address, verdict, MARKS } from "./problems.js";
import { readStory, votes, bill } from "./story.js";
import { stageSection } from "./tree.js";
import { differences, side } from "./diff.js";
import { bar } from "./overview.js";

const OPENED = 4;

export async function problemPage(id) {
  const place = placeOf(id);
  if (place === undefined) return [el("h1", null, "No such problem"), el("p", null, "This run holds no problem ", said(id), "."), el("p", null, el("a", { href: "#/problems" }, "All problems"))];
  const problems = current().problems;
  const events = await eventsOf(place);
  const story = readStory(events ?? []);
  return [header(problems, place, story), others(id), ...(events ? told(problems, place, story) : [leftOut()])];
}

/** The ids before and after this one in the table as it was last shown. */
export function neighbours(id) {
  const problems = current().problems, place = placeOf(id);
  const order = view.order.includes(place) ? view.order : problems.id.map((_, i) => i);
  const at = order.indexOf(place);
  return { before: problems.id[order[at - 1]], after: problems.id[order[at + 1]] };
}

function header(problems, i, story) {
  const kind = verdict(problems, i), { before, after } = neighbours(problems.id[i]);
  const step = (id, shown, label) => id === undefined ? el("span", { class: "step off" }, shown) : el("a", { class: "step", href: address(id), "aria-label": label }, shown);
  return el("header", { class: "problem-head" },
    el("p", { class: "trail" }, el("a", { href: "#/problems", class: "back" }, "← Problems"), el("span", { class: "steps" }, step(before, "‹ previous", "Previous problem"), step(after, "next ›", "Next problem"))),
    el("h1", null, said(problems.id[i]), el("span", { class: `badge ${kind}` }, `${MARKS[kind]} ${kind}`)),
    el("p", { class: "asked" }, said(story.question ?? problems.question[i] ?? "")),
    story.choices.length > 0 && el("ol", { class: "options", type: "A" }, story.choices.map((each) => el("li", null, said(each)))),
    problems.error[i] && el("p", { class: "error" }, said(problems.error[i])),
    factList(factsOf(problems, i, story)), factList(metadataOf(problems, i)));
}

function factList(facts) {
  return facts.length > 0 && el("dl", { class: "facts small" }, facts.map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value))));
}

function factsOf(problems, i, story) {
  const greedy = problems.greedy[i];
  return [
    ["answer", problems.answer[i] === null ? "none" : said(problems.answer[i])],
    problems.reference[i] !== null && ["reference", said(problems.reference[i])],
    problems.confidence[i] !== null && ["confidence", percent(problems.confidence[i])],
    greedy && ["greedy", [greedy[0] === null ? "none" : said(greedy[0]), greedy[1] === null ? "" : greedy[1] ? " (right)" : " (wrong)"]],
    problems.difficulty[i] !== null && ["difficulty", [`${problems.difficulty[i]} of 10`, story.difficulty?.reason && el("small", null, " ", said(story.difficulty.reason))]],
    ["completions", [figure(problems.spent[i], count(problems.spent[i]), "spent"), problems.planned[i] !== null && el("small", null, ` of ${count(problems.planned[i])} planned`)]],
    ["tokens", short(problems.tokens[i])],
    problems.usd[i] !== null && ["money", money(problems.usd[i])],
    ["time", seconds(problems.seconds[i])],
    problems.grading[i] && ["graded by", [said(problems.grading[i][0]), problems.grading[i][1] && el("small", null, " ", said(problems.grading[i][1]))]],
  ].filter(Boolean);
}

function metadataOf(problems, i) {
  return Object.entries(problems.metadata[i] ?? {}).map(([name, value]) => [said(name), said(value)]);
}

/** What the other runs of this page answered. */
function others(id) {
  const rows = page.runs.map((run, number) => [run, number, placeOf(id, number)]).filter(([, number, place]) => number !== page.run && place !== undefined);
  if (!rows.length) return null;
  return el("section", { class: "others" }, el("h2", null, "In the other runs"), el("ul", null, rows.map(([run, , place]) => {
    const kind = verdict(run.problems, place);
    return el("li", null, el("span", { class: `badge ${kind}` }, `${MARKS[kind]} ${kind}`), " ", said(run.name), ": ", run.problems.answer[place] === null ? "no answer" : said(run.problems.answer[place]),
      ` for ${plural(run.problems.spent[place], "completion")}`);
  })));
}

function leftOut() {
  return el("p", { class: "notice" }, "The texts of this problem are not in this file: it is among the surest, and the file would have been too large. ",
    "They stand in the run's traces.jsonl; a larger --size takes them in.");
}

function told(problems, i, story) {
  const stages = [...story.stages.values()].filter((stage) => stage.strategy || stage.remarks.length || stage.nodes.some((node) => node.candidate));
  return [
    whySection(problems, i, story),
    stages.length > 0 && el("section", null, el("h2", null, "Stages"), stages.map((stage) => stageSection(stage, stages.length <= OPENED || stage.nodes.some((node) => node.onPath)))),
    sideBySide(story),
    callsSection(story),
    billSection(story),
  ];
}

function whySection(problems, i, story) {
  const { groups, abstaining } = votes(story);
  if (!story.selection && !groups.length) return story.failure ? el("section", null, el("h2", null, "Why there is no answer"), el("p", { class: "error" }, said(story.failure))) : null;
  const most = Math.max(...groups.map((group) => group.weight ?? 0), 0);
  return el("section", null, el("h2", null, "Why this answer won"),
    story.selection?.reason && el("p", { class: "lead" }, said(story.selection.reason)),
    el("div", { class: "bars votes" }, groups.map((group) => bar(said(group.answer), group.weight ?? 0, most,
      [group.weight === null ? "no weight" : short(group.weight), el("small", null, ` ${plural(group.members.length, "candidate")}`)],
      group.answer === (story.selection?.answer ?? problems.answer[i]) ? "first" : "quiet"))),
    abstaining.length > 0 && el("p", { class: "quiet" }, `${plural(abstaining.length, "candidate")} without an answer abstained.`),
    story.checks.map((check) => el("p", { class: "quiet" }, "Checked: ", said(`${check.decision ?? ""} ${check.reason ?? ""}`))));
}

/** Two candidates beside each other; first the chosen one and the heaviest that says otherwise. */
function sideBySide(story) {
  const all = story.candidates;
  if (all.length < 2) return null;
  const chosen = Math.max(0, all.findIndex((node) => node.chosen));
  const other = all.findIndex((node) => node.answer !== all[chosen].answer);
  const state = { left: chosen, right: other >= 0 ? other : chosen === 0 ? 1 : 0 };
  const place = el("div", { class: "two" });
  const pick = (which) => {
    const select = el("select", { "aria-label": `Candidate on the ${which}` }, all.map((node, n) =>
      el("option", { value: n, selected: n === state[which] }, plainly(`${node.id}: ${node.answer ?? "no answer"}${node.chosen ? " (chosen)" : ""}`))));
    select.addEventListener("change", () => { state[which] = Number(select.value); draw(); });
    return select;
  };
  const pickers = { left: pick("left"), right: pick("right") };
  function draw() {
    const parts = differences(all[state.left].text, all[state.right].text);
    place.replaceChildren(...["left", "right"].map((which) => el("div", { class: "candidate" }, pickers[which], side(parts, which))));
  }
  draw();
  return el("section", null, el("h2", null, "Candidates side by side"), place);
}

/** Every call as it was made, stage by stage; what is inside is built when it is opened. */
function callsSection(story) {
  if (!story.calls.length) return null;
  const stages = new Map();
  for (const call of story.calls) stages.set(call.stage, [...(stages.get(call.stage) ?? []), call]);
  return el("section", { class: "calls" }, el("h2", null, "Prompts and replies"), [...stages].map(([name, calls]) =>
    unfolding("stage", [el("span", { class: "name" }, said(name)), el("span", { class: "about" }, plural(calls.length, "call"))], () => calls.map((call) => oneCall(story, call)))));
}

function oneCall(story, call) {
  const about = call.usage ? `${short(call.usage.prompt_tokens)} → ${short(call.usage.completion_tokens)} tokens, ${seconds(call.usage.seconds)}` : call.state ?? "no reply yet";
  return unfolding(`call ${call.state}`, [el("span", { class: "name" }, said((call.labels ?? []).join(", "))), el("span", { class: "about" }, said(call.model ?? ""), ` · ${about}`)], () => exchange(story, call));
}

/** Details whose content is made when they are first opened, or printed. */
function unfolding(kind, summary, make) {
  const body = el("div"), details = el("details", { class: kind }, el("summary", null, summary), body);
  details.addEventListener("toggle", () => { if (details.open && !body.firstChild) body.append(...make()); });
  return details;
}

function exchange(story, call) {
  const messages = story.prompts.get(call.prompt);
  const list = Array.isArray(messages) ? messages : messages === undefined ? [] : [{ role: "prompt", content: messages }];
  return [
    ...list.map((message) => el("div", { class: "message" }, el("span", { class: "role" }, said(message.role ?? "prompt")), el("pre", { tabindex: "0" }, said(plain(message.content))))),
    ...(call.completions ?? []).map((completion, i) => el("div", { class: "message reply" }, el("span", { class: "role" }, `reply ${call.labels?.[i] ?? ""}${completion.finish === "end" ? "" : `, ended by ${completion.finish}`}`), el("pre", { tabindex: "0" }, said(completion.text ?? "")),
      completion.reasoning && el("pre", { class: "quiet", tabindex: "0" }, said(plain(completion.reasoning))))),
    call.error && el("p", { class: "error" }, said(call.error)),
    el("p", { class: "quiet" }, said(Object.entries(call.request ?? {}).map(([name, value]) => `${name} ${plain(value)}`).join(" · "))),
  ].filter(Boolean);
}

function plain(content) {
  return typeof content === "string" ? content : JSON.stringify(content, null, 1);
}

function billSection(story) {
  const stages = bill(story);
  if (!stages.length) return null;
  const sum = stages.reduce((total, [, each]) => Object.fromEntries(Object.keys(each).map((name) => [name, total[name] === null || each[name] === null ? null : (total[name] ?? 0) + each[name]])), {});
  const cells = (of, each) => [said(of), ...["calls", "completions", "prompt_tokens", "completion_tokens"].map((name) => figure(each[name], count(each[name]), `bill.${of}.${name}`)), money(each.usd), seconds(each.seconds)];
  return el("section", null, el("h2", null, "The bill"), el("div", { class: "wide" }, table(["stage", "calls", "completions", "prompt tokens", "completion tokens", "money", "time in calls"],
    [...stages.map(([name, each]) => cells(name, each)), cells("total", sum)])));
}
