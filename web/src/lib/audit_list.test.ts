import { expect, it } from 'vitest';
import type { AuditEntry } from '../api/schema';
import { matches, merge } from './audit_list';

const entry = (number: number) => ({ number, by: 'on-call', action: 'SetLogLevel', parameters: { level: 'debug' } }) as unknown as AuditEntry;

it('pages that overlap show each entry once, newest first', () => {
  expect(merge([entry(5), entry(4)], [entry(4), entry(3)]).map(({ number }) => number)).toEqual([5, 4, 3]);
});

it('the filter looks everywhere and ignores case', () => {
  expect(matches(entry(1), 'DEBUG')).toBe(true);
  expect(matches(entry(1), 'purge')).toBe(false);
  expect(matches(entry(1), '')).toBe(true);
});
