// What an invalidation is about: from the form to the API, and in words.
import type { InvalidationTarget } from '../api/schema';
import { plural } from './format';
import { shownKey, typedKey, type KeyInput } from './key_form';

export type Kind = InvalidationTarget['kind'];
export type Mode = NonNullable<InvalidationTarget['mode']>;
export type Reach = NonNullable<InvalidationTarget['scope']>;

export const kKinds: readonly { kind: Kind; name: string; help: string }[] = [
  { kind: 'key', name: 'Key', help: 'One key, as the app writes it.' },
  { kind: 'keys', name: 'Keys', help: 'One key a line, at most 1,000.' },
  { kind: 'prefix', name: 'Prefix', help: 'All keys that begin so; taken literally.' },
  { kind: 'pattern', name: 'Pattern', help: 'A Redis glob: * any text, ? one character, [ab] one of these.' },
  { kind: 'tag', name: 'Tag', help: 'All keys that carry this tag; at once, however many.' },
  { kind: 'policy', name: 'Policy', help: 'All keys of a policy: hard at once, however many, if it has generations.' },
  { kind: 'everything', name: 'Everything', help: 'All keys of all policies and of none.' },
];

/** The form as it is typed. */
export interface Draft {
  kind: Kind;
  text: string;
  /** Of kind policy. */
  policy: string;
  mode: Mode;
  reach: Reach;
}

export const kEmptyDraft: Draft = { kind: 'pattern', text: '', policy: '', mode: 'soft', reach: 'both' };

/** The target, or what is wrong with the draft. */
export function targetOf(draft: Draft): InvalidationTarget | string {
  const base = { kind: draft.kind, mode: draft.mode, scope: draft.reach };
  switch (draft.kind) {
    case 'everything':
      return base;
    case 'policy':
      return draft.policy ? { ...base, policy: draft.policy } : 'Choose a policy.';
    case 'key':
    case 'keys':
      return keysTarget(draft, base);
    case 'tag':
      return draft.text ? { ...base, tag: draft.text } : 'Give a tag.';
    default:
      return draft.text ? { ...base, [draft.kind]: draft.text } : `Give a ${draft.kind}.`;
  }
}

function keysTarget(draft: Draft, base: InvalidationTarget): InvalidationTarget | string {
  const lines = draft.kind === 'key' ? [draft.text] : draft.text.split('\n').filter((line) => line !== '');
  if (lines.length === 0 || lines[0] === '') return 'Give a key.';
  if (lines.length > 1000) return 'At most 1,000 keys at once; a pattern or prefix may say the same.';
  const keys: KeyInput[] = [];
  for (const line of lines) {
    const key = typedKey(line);
    if (!key) return `Not a key: “${line}”. Write a backslash as \\\\ and a byte as \\x00.`;
    keys.push(key);
  }
  return { ...base, keys };
}

export function draftOf(target: InvalidationTarget): Draft {
  const keys = target.keys?.map((key) => shownKey({ key: key.key, encoding: key.encoding ?? 'utf8' })) ?? [];
  return {
    kind: target.kind,
    text: keys.length > 0 ? keys.join('\n') : (target.prefix ?? target.pattern ?? target.tag ?? ''),
    policy: target.policy ?? '',
    mode: target.mode ?? 'soft',
    reach: target.scope ?? 'both',
  };
}

/** In words: "pattern user:*", "3 keys", "everything". `named`: how many keys were, where the target shows only some of them. */
export function describe(target: InvalidationTarget, named = target.keys?.length ?? 0): string {
  switch (target.kind) {
    case 'everything':
      return 'everything';
    case 'policy':
      return `policy ${target.policy}`;
    case 'keys':
      return plural(named, 'key');
    case 'key':
      return `key ${draftOf(target).text}`;
    default:
      return `${target.kind} ${draftOf(target).text}`;
  }
}

/** What has to be typed before a large one: the name of the target. */
export function confirmWord(target: InvalidationTarget): string {
  if (target.kind === 'everything') return 'everything';
  if (target.kind === 'policy') return target.policy ?? '';
  if (target.kind === 'keys') return `${target.keys?.length ?? 0} keys`;
  return draftOf(target).text;
}

/** The act, as a button says it: "Mark about 4 210 keys stale". */
export function act(target: InvalidationTarget, estimated: number | null, exact: boolean): string {
  const some = estimated === null ? 'all matching keys' : `${exact ? '' : 'about '}${plural(estimated, 'key')}`;
  const where = target.scope === 'near' ? ' in this near cache' : target.scope === 'upstream' ? ' in Redis' : '';
  return target.mode === 'hard' ? `Delete ${some}${where}` : `Mark ${some} stale${where}`;
}
