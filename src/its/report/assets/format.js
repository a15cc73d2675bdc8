/* Figures as people read them. What is unknown says so, and is never shown as nothing. */

const UNKNOWN = "unknown";

export function count(value) {
  return value === null || value === undefined ? UNKNOWN : Math.round(value).toLocaleString("en-US");
}

export function short(value) {
  if (value === null || value === undefined) return UNKNOWN;
  for (const [scale, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (value >= scale) {
      const divided = value / (letter === "k" ? 1000 : scale);
      return `${divided.toFixed(divided < 100 ? 1 : 0)}${letter}`;
    }
  }
  if (value >= 100 || Number.isInteger(value)) return count(value);
  return value < 0.001 ? value.toExponential(1) : value < 0.01 ? value.toPrecision(2) : value.toFixed(value < 10 ? 2 : 1);
}

export function money(value) {
  if (value === null || value === undefined) return UNKNOWN;
  if (value === 0) return "$0";
  if (value >= 1) return `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${value.toFixed(value >= 0.01 ? 4 : 1 - Math.floor(Math.log10(value)))}`;
}

export function flops(value) {
  return value === null || value === undefined ? UNKNOWN : value === 0 ? "0" : value.toExponential(1).replace("e+", "e");
}

export function seconds(value) {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 9.95) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function percent(share, digits = 1) {
  return share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)} %`;
}

export function signed(share) {
  if (share === null || share === undefined) return "–";
  const shown = (100 * Math.abs(share)).toFixed(1);
  return `${share < 0 ? "−" : share > 0 ? "+" : "±"}${shown}`;
}

export function ratio(value, base) {
  if (value === null || value === undefined || !base) return "–";
  const times = value / base;
  return times >= 100 ? `${Math.round(times)}×` : `${times.toFixed(times < 10 ? 2 : 1)}×`;
}

export function probability(value) {
  if (value === null || value === undefined) return "–";
  return value >= 0.001 ? value.toFixed(3) : value.toExponential(1);
}

export function plural(number, noun, many) {
  return `${count(number)} ${number === 1 ? noun : many ?? `${noun}s`}`;
}
