// Numbers, times and durations as people read them. Pure: the present is an argument.

const NUMBER = new Intl.NumberFormat("en-US");
const PLURAL = new Intl.PluralRules("en-US");

/** 12345 → "12,345". */
export function count(number: number): string {
  return NUMBER.format(number);
}

/** (1, "dead letter") → "1 dead letter", (2, …) → "2 dead letters". */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${PLURAL.select(number) === "one" ? one : many}`;
}

/** Milliseconds of a request: "0.4 ms", "12 ms", "1.4 s", "2 min 5 s". */
export function duration(milliseconds: number): string {
  if (milliseconds < 9.95) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${trimmed(milliseconds / 1000)} s`;
  return span(milliseconds);
}

/** Milliseconds between two things, in at most two units: "5 min 3 s", "2 h", "3 d 4 h". */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const units: readonly (readonly [number, string])[] = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  let left = seconds;
  const parts: string[] = [];
  for (const [size, unit] of units.slice(first, first + 2)) {
    if (left >= size) parts.push(`${Math.floor(left / size)} ${unit}`);
    left %= size;
  }
  return parts.join(" ");
}

/** How long ago an RFC 3339 time was, in one unit: "now", "5 s", "3 min", "2 h", "4 d". */
export function age(time: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(time)) / 1000);
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** The same as part of a sentence: "now", "5 s ago". */
export function ago(time: string, now: number): string {
  const text = age(time, now);
  return text === "now" ? text : `${text} ago`;
}

/** Bytes: "303 bytes", "12.4 KiB". */
export function bytes(size: number): string {
  if (size < 1024) return counted(size, "byte");
  return size < 1024 ** 2 ? `${trimmed(size / 1024)} KiB` : `${trimmed(size / 1024 ** 2)} MiB`;
}

function trimmed(number: number): string {
  return number.toFixed(1).replace(/\.0$/, "");
}
