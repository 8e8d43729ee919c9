import { expect, it } from 'vitest';
import type { AuditEntry } from '../api/schema';
import { changeOf, matches, merge, subjectOf } from './audit_list';

const entry = (number: number) => ({ number, by: 'on-call', action: 'SetLogLevel', parameters: { level: 'debug' } }) as unknown as AuditEntry;

it('pages that overlap show each entry once, newest first', () => {
  expect(merge([entry(5), entry(4)], [entry(4), entry(3)]).map(({ number }) => number)).toEqual([5, 4, 3]);
});

it('the filter looks everywhere and ignores case', () => {
  expect(matches(entry(1), 'DEBUG')).toBe(true);
  expect(matches(entry(1), 'purge')).toBe(false);
  expect(matches(entry(1), '')).toBe(true);
});

const of = (part: object) => ({ parameters: {}, before: null, after: null, ...part }) as unknown as AuditEntry;

it('names what an entry is about, keys as people read them', () => {
  expect(subjectOf(of({ parameters: { kind: 'pattern', pattern: 'a\\*', mode: 'hard' } }))).toBe('kind: pattern, pattern: a\\*, mode: hard');
  expect(subjectOf(of({ parameters: { key: 'YgA=', encoding: 'base64', value: true } }))).toBe('key: b\\x00, value: true');
  expect(subjectOf(of({ parameters: { keys: ['a', 'b', '\u202ec', 'd'].map((key) => ({ key, encoding: 'utf8' })) } }))).toBe('keys: a b \\xe2\\x80\\xaec and 1 more');
});

it('tells only what changed', () => {
  expect(changeOf(of({ before: { level: 'info' }, after: { level: 'debug' } }))).toBe('level: info → debug');
  expect(changeOf(of({ before: { id: 'x', state: 'running', deleted: 1, near: 0 }, after: { id: 'x', state: 'cancelled', deleted: 5, near: 0, reason: 'why' } }))).toBe('state: running → cancelled, deleted: 1 → 5, reason: why');
  expect(changeOf(of({ after: { id: 'x', state: 'done', deleted: 300, shortened: 0, scanned: 900 } }))).toBe('state: done, deleted: 300');
  expect(changeOf(of({ before: { active: false, until: null, policies: [] }, after: { active: true, until: 'then', policies: ['p'] } }))).toBe('active: false → true, until: – → then, policies: – → ["p"]');
  expect(changeOf(of({ before: { keys: 361 }, after: { state: 'done' } }))).toBe('keys before: 361, state: done');
  expect(changeOf(of({}))).toBe('');
});
