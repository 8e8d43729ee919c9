// Small pieces that all pages share.
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/client';
import type { Scope } from '../api/schema';
import { useRefusal } from '../lib/live';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

/** State in words, with a mark of its own shape, so that colour is not all that tells. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  const mark = { good: '●', warn: '▲', bad: '■', plain: '○' }[tone];
  return (
    <span class={`badge ${tone}`}>
      <span aria-hidden="true">{mark}</span> {children}
    </span>
  );
}

export function Panel({ title, note, actions, children, class: extra = '' }: PanelProps) {
  return (
    <section class={`panel ${extra}`}>
      <header>
        <h2>{title}</h2>
        {actions}
      </header>
      {note && <p class="note">{note}</p>}
      {children}
    </section>
  );
}

interface PanelProps {
  title: string;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}

export function Tile({ label, value, detail, hint, tone = 'plain', class: extra = '', children }: TileProps) {
  return (
    <section class={`tile ${tone} ${extra}`} title={hint}>
      <h2>{label}</h2>
      <p class="value">{value}</p>
      <p class="detail">{detail}</p>
      {children}
    </section>
  );
}

interface TileProps {
  label: string;
  value: ComponentChildren;
  detail?: ComponentChildren;
  /** The definition. */
  hint?: string;
  tone?: Tone;
  class?: string;
  children?: ComponentChildren;
}

export function Failure({ error }: { error: unknown }) {
  if (!error) return null;
  const api = error as ApiError;
  return (
    <p class="failure" role="alert">
      {api.text ?? String(error)}
      {api.problem?.instance && <small> Request {api.problem.instance}</small>}
    </p>
  );
}

export function Loading({ error }: { error?: unknown }) {
  return error ? <Failure error={error} /> : <p class="empty">Asking the sidecar…</p>;
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Says at the top of a page, or beside a control, why it is read-only; nothing where it isn't. */
export function ReadOnly({ scope, id }: { scope: Scope; id?: string }) {
  const refusal = useRefusal(scope);
  if (!refusal) return null;
  return (
    <p class="readonly" id={id}>
      {refusal}
    </p>
  );
}

/** Pairs of a name and a value. */
export function Facts({ rows }: { rows: readonly (readonly [ComponentChildren, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value], index) => (
        <div key={index}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A share of a whole as a bar; the number stands beside it. */
export function Bar({ share, tone = 'plain' }: { share: number; tone?: Tone }) {
  const width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return (
    <span class={`bar ${tone}`} aria-hidden="true">
      <span style={{ width }} />
    </span>
  );
}
