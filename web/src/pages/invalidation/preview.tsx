import { useEffect, useRef } from 'preact/hooks';
import { get } from '../../api/client';
import type { Preview } from '../../api/schema';
import { bytes, count, rate, span } from '../../lib/format';
import { usePoll } from '../../lib/poll';
import { describe } from '../../lib/target';
import { KeyText } from '../../ui/key';
import { Failure, Panel, Tile } from '../../ui/parts';
import { Table } from '../../ui/table';
import { Confirm } from './confirm';

const kPollMs = 700;

/** What would be touched, live while it is counted, and below it the confirmation. */
export function PreviewView({ first, onDismiss }: { first: Preview; onDismiss(): void }) {
  const heading = useRef<HTMLDivElement>(null);
  const settled = useRef<Preview | undefined>(first.state === 'running' ? undefined : first);
  const polled = usePoll(async (signal) => {
    const preview = settled.current ?? (await get('GetPreview', `invalidations/preview/${encodeURIComponent(first.token)}`, signal));
    if (preview.state !== 'running') settled.current = preview;
    return preview;
  }, kPollMs, first.token);
  const preview = polled.data ?? first;
  useEffect(() => heading.current?.focus(), []);
  return (
    <div ref={heading} tabIndex={-1} class="step" aria-label={`Preview of ${describe(preview.target)}`} role="region">
      <Panel title={`2. Preview of ${describe(preview.target)}`} actions={<Scan preview={preview} />}>
        <Failure error={polled.error ?? (preview.state === 'failed' ? new Error(preview.error ?? 'The preview failed.') : undefined)} />
        <div class="tiles">
          <Tile label="Keys" value={matches(preview)} detail={whichOf(preview)} />
          <Tile label="Memory" value={preview.bytes === null ? '–' : `${preview.exact ? '' : '~ '}${bytes(preview.bytes)}`} detail="estimated" />
          <Tile
            label="Load on the origin"
            value={preview.state === 'running' || preview.origin_per_second === null ? '–' : `+ ${rate(preview.origin_per_second)}`}
            detail={preview.target.mode === 'hard' ? `at first; ${span(preview.origin_busy_seconds)} of work in all` : 'soft: spread out, and old values help out'}
            tone={(preview.origin_per_second ?? 0) > 100 ? 'warn' : 'plain'}
          />
        </div>
        <Policies preview={preview} />
        <div class="two">
          <Hottest preview={preview} />
          <Sample preview={preview} />
        </div>
      </Panel>
      {preview.state === 'ready' && <Confirm preview={preview} onDismiss={onDismiss} />}
    </div>
  );
}

function matches({ estimated, exact, matched }: Preview): string {
  if (estimated === null) return count(matched);
  return exact ? count(estimated) : `~ ${count(estimated)}`;
}

function whichOf({ state, hidden, new_generation }: Preview): string {
  if (new_generation) return 'a new generation: all at once';
  if (hidden > 0) return `${count(hidden)} of other versions stay`;
  return state === 'running' ? 'seen so far' : 'as apps see them';
}

function Policies({ preview }: { preview: Preview }) {
  const entries = Object.entries(preview.by_policy);
  if (entries.length === 0) return null;
  return (
    <p class="note">
      {preview.exact ? 'Of them' : 'Of those seen'}: {entries.map(([name, keys]) => `${count(keys)} of ${name === '(none)' ? 'no policy' : `policy ${name}`}`).join(', ')}.
    </p>
  );
}

function Scan({ preview }: { preview: Preview }) {
  const { state, scanned, total } = preview;
  if (state !== 'running') return <span class="muted">{state === 'ready' ? 'Counted' : 'Failed'}</span>;
  return (
    <label class="progress">
      <span>
        Counting: {count(scanned)} of {total === null ? 'an unknown number' : count(total)}
      </span>
      {total === null ? <progress /> : <progress value={scanned} max={Math.max(1, total)} />}
    </label>
  );
}

function Hottest({ preview }: { preview: Preview }) {
  return (
    <div>
      <h3>Hottest of them</h3>
      <Table
        caption="Hottest matches"
        rows={preview.hottest}
        keyOf={(item) => item.key}
        empty="None of this pod’s hottest keys matches."
        columns={[
          { head: 'Key', cell: (item) => <KeyText value={item} link={false} most={40} /> },
          { head: 'Lookups', number: true, cell: (item) => rate(item.per_second) },
        ]}
      />
    </div>
  );
}

function Sample({ preview }: { preview: Preview }) {
  return (
    <div>
      <h3>Some of them</h3>
      <div class="tall">
        <Table
          caption="Sample of the keys"
          rows={preview.sample}
          keyOf={(item) => item.key}
          empty={preview.state === 'running' ? 'None found yet.' : 'No key matches.'}
          columns={[
            { head: 'Key', cell: (item) => <KeyText value={item} link={false} most={40} /> },
            { head: 'Memory', number: true, cell: (item) => bytes(item.bytes) },
            { head: 'Expires in', number: true, cell: (item) => (item.ttl_ms !== null ? span(item.ttl_ms / 1000) : item.bytes === null ? '–' : 'never') },
          ]}
        />
      </div>
    </div>
  );
}
