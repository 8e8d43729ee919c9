import { useSnapshot } from '../../lib/live';
import { kKinds, type Draft, type Mode, type Reach } from '../../lib/target';
import { Panel } from '../../ui/parts';

interface Props {
  draft: Draft;
  disabled: boolean;
  busy: boolean;
  onChange(draft: Draft): void;
  onPreview(): void;
}

const kModes: readonly [Mode, string, string][] = [
  ['soft', 'Soft', 'ends soon, one after the other; old values help out'],
  ['hard', 'Hard', 'gone; the next reader computes'],
];

const kReaches: readonly [Reach, string, string][] = [
  ['both', 'Both', 'Redis, and so every near cache'],
  ['upstream', 'Redis', 'near caches follow as they hear of it'],
  ['near', 'Near cache', 'of this pod only'],
];

export function TargetForm({ draft, disabled, busy, onChange, onPreview }: Props) {
  const set = (part: Partial<Draft>) => onChange({ ...draft, ...part });
  return (
    <Panel title="1. What" note="Nothing is changed before you have seen a preview and confirmed it.">
      <form onSubmit={(event) => (event.preventDefault(), onPreview())}>
        <fieldset class="bare" disabled={disabled} aria-describedby={disabled ? 'readonly' : undefined}>
          <Choice legend="Kind" name="kind" value={draft.kind} options={kKinds.map(({ kind, name }) => [kind, name, ''] as const)} onChoose={(kind) => set({ kind })} />
          <p class="note">{kKinds.find(({ kind }) => kind === draft.kind)?.help}</p>
          <Subject draft={draft} set={set} />
          <div class="two">
            <Choice legend="How" name="mode" value={draft.mode} options={kModes} onChoose={(mode) => set({ mode })} />
            <Choice legend="Where" name="reach" value={draft.reach} options={kReaches} onChoose={(reach) => set({ reach })} />
          </div>
          <button type="submit" class="primary" disabled={busy}>
            {busy ? 'Asking…' : 'Preview'}
          </button>
        </fieldset>
      </form>
    </Panel>
  );
}

interface ChoiceProps<T extends string> {
  legend: string;
  name: string;
  value: T;
  options: readonly (readonly [T, string, string])[];
  onChoose(value: T): void;
}

function Choice<T extends string>({ legend, name, value, options, onChoose }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {options.map(([option, title, help]) => (
        <label key={option}>
          <input type="radio" name={name} value={option} checked={option === value} onChange={() => onChoose(option)} />
          <span>
            {title}
            {help && <small> {help}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Subject({ draft, set }: { draft: Draft; set(part: Partial<Draft>): void }) {
  const { kind, text } = draft;
  if (kind === 'everything') return null;
  if (kind === 'policy') return <PolicyChoice draft={draft} set={set} />;
  const label = kKinds.find((one) => one.kind === kind)?.name ?? '';
  const shared = { class: 'key', value: text, autocomplete: 'off', spellcheck: false, required: true } as const;
  return (
    <label>
      {label}
      {kind === 'keys' ? (
        <textarea {...shared} rows={6} onInput={(event) => set({ text: event.currentTarget.value })} />
      ) : (
        <input {...shared} type="text" placeholder={kind === 'pattern' ? 'user:*' : ''} onInput={(event) => set({ text: event.currentTarget.value })} />
      )}
    </label>
  );
}

function PolicyChoice({ draft, set }: { draft: Draft; set(part: Partial<Draft>): void }) {
  const policies = useSnapshot()?.policies ?? [];
  return (
    <label>
      Policy
      <select value={draft.policy} onChange={(event) => set({ policy: event.currentTarget.value })}>
        <option value="">Choose one</option>
        {policies.map((policy) => (
          <option key={policy.name} value={policy.name}>
            {policy.name}
            {policy.generation ? ' (generations)' : ''}
          </option>
        ))}
      </select>
    </label>
  );
}
