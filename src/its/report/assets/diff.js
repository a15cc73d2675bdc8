/* Two texts side by side, with what differs marked. */
import { el, said } from "./dom.js";

const MOST = 4_000_000;

/** Parts of both texts in order: [kind, text], kind one of "same", "left", "right". */
export function differences(left, right) {
  let a = left.match(/\s+|[\p{L}\p{N}_.]+|[^\s]/gu) ?? [], b = right.match(/\s+|[\p{L}\p{N}_.]+|[^\s]/gu) ?? [];
  if (a.length * b.length > MOST) [a, b] = [left.split(/(?<=\n)/), right.split(/(?<=\n)/)];
  if (a.length * b.length > MOST) return [["left", left], ["right", right]];
  let start = 0, endA = a.length, endB = b.length;
  while (start < endA && start < endB && a[start] === b[start]) start++;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) { endA--; endB--; }
  return merged([...a.slice(0, start).map((t) => ["same", t]), ...middle(a.slice(start, endA), b.slice(start, endB)), ...a.slice(endA).map((t) => ["same", t])]);
}

/** The longest common subsequence decides what is the same. */
function middle(a, b) {
  const width = b.length + 1, longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const parts = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { parts.push(["same", a[i++]]); j++; }
    else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) parts.push(["left", a[i++]]);
    else parts.push(["right", b[j++]]);
  }
  return parts;
}

function merged(parts) {
  const result = [];
  for (const [kind, text] of parts) {
    if (result.at(-1)?.[0] === kind) result.at(-1)[1] += text;
    else result.push([kind, text]);
  }
  return result;
}

/** One side of a comparison: its own parts marked, the common ones plain. */
export function side(parts, kind) {
  return el("pre", { tabindex: "0" }, parts.filter(([of]) => of === "same" || of === kind).map(([of, text]) =>
    of === "same" ? said(text) : said(text, { class: `differs ${kind}` })));
}
