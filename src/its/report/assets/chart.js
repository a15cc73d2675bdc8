/* Charts, each with its figures in a table for whoever cannot see it or wants the digits. */
import { el, figure, table } from "./dom.js";

const drawn = new Set();
const HEIGHT = 260;
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Draw every chart anew, for another theme or the printer. */
export function redraw() {
  for (const chart of drawn) chart.draw();
}

export function forgetCharts() {
  for (const chart of drawn) chart.end();
  drawn.clear();
}

/**
 * A chart of lines. `lines` are {name, colour, points: [[x, y, low?, high?]]}, dashed (`dash`), without
 * dots (`dots: false`), thin and not read out (`plain`), with their intervals as a `band` or as
 * `whiskers`; `x` and `y` are {label, show, range?, log?, whole?}. `rows` is the table of exact figures.
 */
export function lineChart({ title, x, y, lines, rows }) {
  const host = el("div", { class: "plot", role: "img", "aria-label": title });
  const readout = el("p", { class: "readout", "aria-hidden": "true" });
  const chart = { draw, end };
  let plot = null;
  const watcher = new ResizeObserver(() => {
    if (plot && Math.abs(plot.width - host.clientWidth) > 1 && host.clientWidth > 0) plot.setSize(size());
    else if (!plot && host.clientWidth > 0) draw();
  });
  watcher.observe(host);
  drawn.add(chart);

  function size() {
    return { width: host.clientWidth, height: HEIGHT };
  }

  function end() {
    watcher.disconnect();
    plot?.destroy();
    plot = null;
  }

  function draw() {
    plot?.destroy();
    plot = new uPlot(options(size(), x, y, lines, readout), dataOf(lines), host);
  }

  return el("figure", { class: "chart" },
    el("figcaption", null, title),
    el("div", { class: "legend" }, lines.filter((line) => line.name).map((line) =>
      el("span", { class: `key ${line.colour}${line.dash ? " dashed" : ""}` }, line.name))),
    host, readout,
    el("details", { class: "digits" }, el("summary", null, "The figures"), el("div", { class: "wide" }, rows)));
}

/** A table of exact figures: columns are [heading, key, show], rows plain objects. */
export function digits(name, columns, rows) {
  return table(columns.map(([heading]) => heading), rows.map((row, i) => columns.map(([, key, show]) =>
    figure(row[key], show ? show(row[key]) : row[key] ?? "–", `${name}.${i}.${key}`))));
}

function dataOf(lines) {
  const tables = [];
  for (const line of lines) {
    const points = [...line.points].sort((a, b) => a[0] - b[0]);
    const column = (i) => points.map((point) => point[i] ?? null);
    tables.push([column(0), column(1)]);
    if (line.band) tables.push([column(0), column(3)], [column(0), column(2)]);
  }
  return uPlot.join(tables);
}

function options(size, x, y, lines, readout) {
  const ink = colour("quiet"), grid = colour("line");
  const series = [{}], bands = [];
  for (const line of lines) {
    const stroke = colour(line.colour);
    series.push({
      label: line.name, stroke, width: line.plain ? 1 : 2, spanGaps: true, dash: line.dash ? [5, 5] : undefined,
      points: { show: line.dots !== false, size: line.whiskers ? 8 : 6, fill: stroke, stroke },
      paths: line.whiskers ? () => null : undefined, read: line.name && !line.plain,
    });
    if (line.band) {
      series.push({ stroke: null, width: 0, points: { show: false }, spanGaps: true },
        { stroke: null, width: 0, points: { show: false }, spanGaps: true });
      bands.push({ series: [series.length - 2, series.length - 1], fill: colour(`${line.colour}-faint`) });
    }
  }
  const axis = (of, extra) => ({
    stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 }, font: "12px system-ui",
    label: of.label, labelFont: "12px system-ui", labelSize: 22, labelGap: 2, gap: 4,
    values: (_, splits) => splits.map((value) => (value === null ? "" : of.show(value))), ...extra,
  });
  return {
    ...size, legend: { show: false }, padding: [10, 12, 0, 0], bands, series,
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
    scales: {
      x: { time: false, distr: x.log ? 3 : 1, log: x.log || 10, range: x.range ? () => x.range : x.log ? logRange : undefined },
      y: { range: y.range ? () => y.range : shareRange },
    },
    axes: [axis(x, { space: 56, size: 28, ...(x.log && { splits: logSplits(x.log), filter: (_, splits) => splits }), ...(x.whole && { incrs: WHOLE }) }), axis(y, { size: 52, space: 36 })],
    hooks: { setCursor: [(plot) => readAt(plot, x, y, readout)], draw: [(plot) => drawIntervals(plot, lines)] },
  };
}

function logRange(_, low, high) {
  return [low / 1.12, high * 1.12];
}

/** Where a logarithmic axis is marked: at powers of 2, or at 1, 2 and 5 times those of 10. */
function logSplits(base) {
  return (plot, _, low, high) => {
    const marks = [];
    for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.log10(high); power++) {
      for (const step of [1, 2, 5]) marks.push(step * 10 ** power);
    }
    const twos = Array.from({ length: 24 }, (_, power) => 2 ** power);
    return (base === 2 ? twos : marks).filter((mark) => mark >= low && mark <= high);
  };
}

/** Shares with a little room, and never far outside of 0 to 100 %. */
function shareRange(_, low, high) {
  const room = Math.max(0.02, 0.08 * (high - low));
  return [Math.max(-0.005, low - room), Math.min(1.02, high + room)];
}

function drawIntervals(plot, lines) {
  const context = plot.ctx;
  context.save();
  context.lineWidth = 1.5 * devicePixelRatio;
  for (const line of lines.filter((each) => each.whiskers)) {
    context.strokeStyle = colour(line.colour);
    for (const [at, , low, high] of line.points) {
      const across = plot.valToPos(at, "x", true);
      context.beginPath();
      context.moveTo(across, plot.valToPos(low, "y", true));
      context.lineTo(across, plot.valToPos(high, "y", true));
      context.stroke();
    }
  }
  context.restore();
}

function readAt(plot, x, y, readout) {
  const i = plot.cursor.idx;
  if (i === null || i === undefined) {
    readout.textContent = "";
    return;
  }
  const parts = [];
  plot.series.forEach((line, number) => {
    const value = plot.data[number][i];
    if (number && line.read && value !== null && value !== undefined) parts.push(`${line.label} ${y.show(value)}`);
  });
  readout.textContent = `${x.label}: ${x.show(plot.data[0][i])} · ${parts.join(" · ")}`;
}
