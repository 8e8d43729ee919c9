import type { AuditEntry, Key } from '../api/schema';
import { shownKey } from './key_form';
import { escapeText } from './keys';

/** Newest first, each once: new entries come while older pages are there. */
export function merge(newest: readonly AuditEntry[], older: readonly AuditEntry[]): AuditEntry[] {
  const known = new Map([...older, ...newest].map((entry) => [entry.number, entry]));
  return [...known.values()].sort((one, other) => other.number - one.number);
}

export function matches(entry: AuditEntry, filter: string): boolean {
  return filter === '' || JSON.stringify(entry).toLowerCase().includes(filter.toLowerCase());
}

const kMostKeys = 3;
// What a job says of itself beside what became of it.
const kQuiet = new Set(['id', 'target', 'targets', 'by', 'created', 'started', 'finished', 'total', 'scanned', 'matched', 'done', 'failed', 'progress', 'seconds', 'rate', 'per_second', 'allowed_per_second', 'hidden', 'outside_policy', 'refreshing']);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
}

function plain(value: unknown): string {
  if (isNothing(value) && value !== 0 && value !== false) return '–';
  return escapeText(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('\\\\', '\\');
}

function keysOf(value: unknown): string {
  const keys = (Array.isArray(value) ? value : [value]) as Key[];
  const shown = keys.slice(0, kMostKeys).map((key) => shownKey({ key: String(key.key), encoding: key.encoding ?? 'utf8' }));
  return keys.length > kMostKeys ? `${shown.join(' ')} and ${keys.length - kMostKeys} more` : shown.join(' ');
}

/** What an entry is about: "kind: key, keys: user:42". */
export function subjectOf({ parameters }: AuditEntry): string {
  const words = Object.entries(parameters).map(([name, value]) => {
    if (name === 'keys') return `keys: ${keysOf(value)}`;
    if (name === 'key') return `key: ${keysOf(parameters)}`;
    return name === 'encoding' ? '' : `${name}: ${plain(value)}`;
  });
  return words.filter(Boolean).join(', ');
}

/** What it changed: "state: running → cancelled", "deleted: 300"; only what differs and says something. */
export function changeOf({ before, after }: AuditEntry): string {
  if (!isRecord(before) && !isRecord(after)) return isNothing(before) && isNothing(after) ? '' : `${plain(before)} → ${plain(after)}`;
  const [was, is] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => !kQuiet.has(name) && plain(was[name]) !== plain(is[name]));
  return names
    .filter((name) => !isNothing(was[name]) || !isNothing(is[name]))
    .map((name) => (!(name in is) ? `${name} before: ${plain(was[name])}` : name in was ? `${name}: ${plain(was[name])} → ${plain(is[name])}` : `${name}: ${plain(is[name])}`))
    .join(', ');
}
