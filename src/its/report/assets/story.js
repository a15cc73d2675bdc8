/* A problem's events, put in order: stages with their trees, candidates, votes, calls and bill. */

/** Everything that the events of one problem say. */
export function readStory(events) {
  const story = { stages: new Map(), calls: [], prompts: new Map(), checks: [], candidates: [], nodes: new Map(), choices: [] };
  events.forEach((event, place) => (READERS[event.event] ?? (() => {}))(story, event, place));
  for (const stage of story.stages.values()) plant(stage, story);
  markChosen(story);
  return story;
}

const READERS = {
  question(story, event) { story.question = event.text; story.choices = event.choices ?? []; },
  difficulty(story, event) { story.difficulty = event; },
  budget(story, event) { story.budget = event; },
  baseline(story, event) { story.baseline = event; },
  selection(story, event) { story.selection = event; },
  failure(story, event) { story.failure = event.error; },
  prompt(story, event) { story.prompts.set(event.prompt, event.messages); },
  stage(story, event) { Object.assign(stageOf(story, event.stage), { strategy: event.strategy, model: event.model, completions: event.completions }); },
  call(story, event, place) {
    const call = { ...event, place };
    story.calls.push(call);
    (event.labels ?? []).forEach((label, i) => {
      const completion = event.completions?.[i];
      if (completion) Object.assign(nodeOf(story, event.stage, `${event.stage}/${label}`, label), { text: completion.text, tokens: completion.tokens, finish: completion.finish, call });
    });
    if (event.state && event.state !== "done") remark(story, event.stage, `${event.state}: ${event.error ?? "no reply"}`);
  },
  candidate(story, event) {
    const node = nodeOf(story, event.stage, event.candidate, event.candidate.slice(event.stage.length + 1));
    const text = event.text ?? node.text ?? story.calls.find((call) => call.place === event.call)?.completions?.[0]?.text ?? "";
    Object.assign(node, { ...event, text, candidate: true, parents: event.parents ?? [] });
    story.candidates.push(node);
  },
  score(story, event) {
    const node = story.nodes.get(event.candidate);
    if (node) (node.scores ??= []).push(event);
  },
  decision(story, event) {
    if (event.stage === "verification") story.checks.push(event);
    else if (event.decision === "expand") {
      for (const [id, parent] of Object.entries(event.nodes ?? {})) Object.assign(nodeOf(story, event.stage, id, id.slice(event.stage.length + 1)), { grownFrom: parent, round: event.round });
    } else if (event.stage) remark(story, event.stage, `${event.decision}: ${event.reason ?? ""}`, event.decision);
  },
};

function stageOf(story, name) {
  if (!story.stages.has(name)) story.stages.set(name, { name, nodes: [], remarks: [], roots: [] });
  return story.stages.get(name);
}

function nodeOf(story, stage, id, label) {
  if (!story.nodes.has(id)) {
    const node = { id, label, children: [], parents: [] };
    story.nodes.set(id, node);
    stageOf(story, stage).nodes.push(node);
  }
  return story.nodes.get(id);
}

function remark(story, stage, text, decision) {
  const remarks = stageOf(story, stage).remarks;
  const before = remarks.find((each) => each.text === text);
  if (before) before.times += 1;
  else remarks.push({ text, decision, times: 1 });
}

/** Put every node of a stage below the one that it was made from, roots first. */
function plant(stage, story) {
  const here = new Set(stage.nodes);
  for (const node of stage.nodes) {
    const names = [node.grownFrom, ...[...node.parents].reverse()].filter(Boolean);
    const parent = names.map((id) => story.nodes.get(id)).find((each) => here.has(each) && each !== node && !below(node, each));
    node.parent = parent ?? null;
    (parent ? parent.children : stage.roots).push(node);
  }
}

function below(node, other) {
  for (let up = other; up; up = up.parent) if (up === node) return true;
  return false;
}

/** The chosen candidate and all that it grew from. */
function markChosen(story) {
  const chosen = story.nodes.get(story.selection?.candidate);
  if (chosen) chosen.chosen = true;
  for (let node = chosen; node; node = node.parent) node.onPath = true;
}

/** Candidates by answer, the heaviest first; those without an answer last. */
export function votes(story) {
  const groups = new Map((story.selection?.tally ?? []).map(([answer, weight]) => [answer, { answer, weight, members: [] }]));
  const abstaining = [];
  for (const node of story.candidates) {
    if (node.answer === null) abstaining.push(node);
    else {
      if (!groups.has(node.answer)) groups.set(node.answer, { answer: node.answer, weight: null, members: [] });
      groups.get(node.answer).members.push(node);
    }
  }
  return { groups: [...groups.values()].sort((a, b) => (b.weight ?? -1) - (a.weight ?? -1)), abstaining };
}

const COUNTED = ["calls", "completions", "prompt_tokens", "cached_tokens", "completion_tokens", "usd", "seconds"];

/** What each stage's calls cost, and all together. */
export function bill(story) {
  const stages = new Map();
  for (const call of story.calls) {
    if (!call.usage) continue;
    if (!stages.has(call.stage)) stages.set(call.stage, Object.fromEntries(COUNTED.map((name) => [name, 0])));
    const sum = stages.get(call.stage);
    for (const name of COUNTED) sum[name] = sum[name] === null || call.usage[name] === null || call.usage[name] === undefined ? null : sum[name] + call.usage[name];
  }
  return [...stages];
}
