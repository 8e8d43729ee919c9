import type { AuditEntry } from '../api/schema';

/** Newest first, each once: new entries come while older pages are there. */
export function merge(newest: readonly AuditEntry[], older: readonly AuditEntry[]): AuditEntry[] {
  const known = new Map([...older, ...newest].map((entry) => [entry.number, entry]));
  return [...known.values()].sort((one, other) => other.number - one.number);
}

export function matches(entry: AuditEntry, filter: string): boolean {
  return filter === '' || JSON.stringify(entry).toLowerCase().includes(filter.toLowerCase());
}
