/* The page's data: compressed texts in script elements that no browser runs. */

export const page = { runs: [], comparisons: [], run: 0 };

const chunks = new Map();
const places = [];

/** Open the figures and the table of problems. */
export async function openPage() {
  Object.assign(page, await inflate("core"));
  for (const run of page.runs) places.push(new Map(run.problems.id.map((id, i) => [id, i])));
}

export function current() {
  return page.runs[page.run];
}

/** The place of a problem in a run's table; undefined where it is not there. */
export function placeOf(id, run = page.run) {
  return places[run]?.get(id);
}

/** The events of a problem; null where its texts are not in this file. */
export async function eventsOf(place, run = page.run) {
  const chunk = page.runs[run].problems.chunk[place];
  if (chunk < 0) return null;
  const name = `s${run}-${chunk}`;
  if (!chunks.has(name)) {
    if (chunks.size > 8) chunks.delete(chunks.keys().next().value);
    chunks.set(name, inflate(name));
  }
  return (await chunks.get(name))[page.runs[run].problems.id[place]] ?? null;
}

async function inflate(id) {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}
