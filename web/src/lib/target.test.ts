import { describe, expect, it } from 'vitest';
import { act, confirmWord, describe as inWords, draftOf, kEmptyDraft, targetOf, type Draft } from './target';

const draft = (part: Partial<Draft>): Draft => ({ ...kEmptyDraft, ...part });

describe('targetOf', () => {
  it('takes a pattern as it is typed, backslashes too', () => {
    expect(targetOf(draft({ text: 'user:\\*' }))).toEqual({ kind: 'pattern', pattern: 'user:\\*', mode: 'soft', scope: 'both' });
  });
  it('sends binary keys as base64 and leaves empty lines out', () => {
    expect(targetOf(draft({ kind: 'keys', text: 'a\n\nb\\x00', mode: 'hard' }))).toEqual({
      kind: 'keys',
      mode: 'hard',
      scope: 'both',
      keys: [
        { key: 'a', encoding: 'utf8' },
        { key: 'YgA=', encoding: 'base64' },
      ],
    });
  });
  it('says what is missing or wrong', () => {
    expect(targetOf(draft({ text: '' }))).toBe('Give a pattern.');
    expect(targetOf(draft({ kind: 'policy' }))).toBe('Choose a policy.');
    expect(targetOf(draft({ kind: 'key', text: 'a\\q' }))).toMatch(/^Not a key/);
    expect(targetOf(draft({ kind: 'keys', text: 'k\n'.repeat(1001) }))).toMatch(/^At most 1,000/);
  });
  it.each(['prefix', 'pattern', 'tag'] as const)('a %s is of no policy, even if one was chosen before', (kind) => {
    expect(targetOf(draft({ kind, text: 'a', policy: 'p' }))).not.toHaveProperty('policy');
  });
  it('is undone by draftOf', () => {
    const first = draft({ kind: 'key', text: 'a\\x00\\\\', mode: 'hard', reach: 'near' });
    const target = targetOf(first);
    expect(typeof target === 'string' ? target : draftOf(target)).toEqual(first);
  });
});

describe('words', () => {
  it('names the target to be typed', () => {
    expect(confirmWord({ kind: 'everything' })).toBe('everything');
    expect(confirmWord({ kind: 'pattern', pattern: 'user:*' })).toBe('user:*');
    expect(confirmWord({ kind: 'keys', keys: [{ key: 'a' }, { key: 'b' }] })).toBe('2 keys');
    expect(confirmWord({ kind: 'policy', policy: 'page' })).toBe('page');
  });
  it('states the act', () => {
    expect(act({ kind: 'prefix', mode: 'soft', scope: 'both' }, 4210, false)).toBe('Mark about 4\u202f210 keys stale');
    expect(act({ kind: 'key', mode: 'hard', scope: 'upstream' }, 1, true)).toBe('Delete 1 key in Redis');
    expect(act({ kind: 'everything', mode: 'hard', scope: 'near' }, null, false)).toBe('Delete all matching keys in this near cache');
  });
  it('describes it', () => {
    expect(inWords({ kind: 'pattern', pattern: 'a*' })).toBe('pattern a*');
    expect(inWords({ kind: 'keys', keys: [{ key: 'a' }] })).toBe('1 key');
    expect(inWords({ kind: 'keys', keys: [{ key: 'a' }] }, 30)).toBe('30 keys');
  });
});
