// Numbers, spans and times as people read them. All functions take undefined for "not known" and answer with a dash.

const kDash = '–';

/** 1234 -> "1 234"; from 100,000 on "123 k". */
export function count(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return kDash;
  if (Math.abs(value) < 100_000) return group(Math.round(value));
  return scaled(value, ['', ' k', ' M', ' G', ' T'], 1000);
}

/** A rate a second, with decimals where it is small. */
export function rate(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return kDash;
  if (value === 0) return '0/s';
  if (value < 10) return `${trim(value, value < 1 ? 2 : 1)}/s`;
  return `${count(value)}/s`;
}

/** A share between 0 and 1 as percent. */
export function percent(value: number | null | undefined, digits = 1): string {
  if (value == null || !Number.isFinite(value)) return kDash;
  if (value > 0.9995 && value < 1 && digits < 2) return `${(Math.floor(value * 10000) / 100).toFixed(2)} %`;
  return `${(value * 100).toFixed(digits)} %`;
}

export function bytes(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return kDash;
  return scaled(value, [' B', ' KiB', ' MiB', ' GiB', ' TiB'], 1024);
}

/** A span given in seconds: "350 µs", "12 ms", "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
export function span(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return kDash;
  if (seconds < 0) return `-${span(-seconds)}`;
  if (seconds === 0) return '0 s';
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${trim(seconds * 1000, seconds < 0.01 ? 1 : 0)} ms`;
  if (seconds < 60) return `${trim(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(whole, 60, 'min', 1, 's');
  if (whole < 86_400) return pair(whole, 3600, 'h', 60, 'min');
  return pair(whole, 86_400, 'd', 3600, 'h');
}

/** How long ago a moment was, both in milliseconds since 1970. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, (now - then) / 1000);
  return seconds < 1 ? 'now' : `${span(seconds < 60 ? Math.floor(seconds) : seconds)} ago`;
}

/** The time of day, with the date where it isn't today. */
export function clock(then: number, now: number = Date.now()): string {
  const date = new Date(then);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (new Date(now).toDateString() === date.toDateString()) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

/** "1 key", "2 keys". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

function group(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function scaled(value: number, units: readonly string[], step: number): string {
  let rest = value;
  let unit = 0;
  while (Math.abs(rest) >= step && unit < units.length - 1) {
    rest /= step;
    ++unit;
  }
  const digits = unit === 0 || Math.abs(rest) >= 100 ? 0 : 1;
  return `${trim(rest, digits)}${units[unit]}`;
}

function trim(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return digits > 0 ? text.replace(/\.?0+$/, '') : text;
}

function pair(whole: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((whole % big) / small);
  const first = `${Math.floor(whole / big)} ${bigName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
