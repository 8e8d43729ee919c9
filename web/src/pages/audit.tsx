import { useState } from 'preact/hooks';
import { get } from '../api/client';
import type { AuditEntry } from '../api/schema';
import { changeOf, matches, merge, subjectOf } from '../lib/audit_list';
import { clock, span } from '../lib/format';
import { escapeText } from '../lib/keys';
import { usePoll } from '../lib/poll';
import { Badge, Failure, Loading, Panel } from '../ui/parts';
import { Table } from '../ui/table';

export function Audit() {
  const { data, error } = usePoll((signal) => get('ListAudit', 'audit?limit=100', signal), 2000);
  const [older, setOlder] = useState<{ items: AuditEntry[]; cursor: string | null }>();
  const [failure, setFailure] = useState<unknown>();
  const [filter, setFilter] = useState('');
  if (!data) return <Loading error={error} />;
  const cursor = older ? older.cursor : data.next_cursor;
  async function more(): Promise<void> {
    try {
      const page = await get('ListAudit', `audit?limit=100&cursor=${encodeURIComponent(cursor ?? '')}`);
      setOlder({ items: [...(older?.items ?? []), ...page.items], cursor: page.next_cursor });
      setFailure(undefined);
    } catch (problem) {
      setFailure(problem);
    }
  }
  const items = merge(data.items, older?.items ?? []);
  return (
    <Panel title="Who changed what" note="Newest first. Also in the log, and in a file where one is configured.">
      <label class="filter">
        Only those with
        <input type="search" value={filter} placeholder="a name, an action, a key" onInput={(event) => setFilter(event.currentTarget.value)} />
      </label>
      <Entries items={items.filter((item) => matches(item, filter))} empty={filter ? 'No entry has that.' : 'Nothing has been changed since this sidecar started.'} />
      <Failure error={failure ?? error} />
      {cursor && (
        <button type="button" onClick={() => void more()}>
          Older
        </button>
      )}
    </Panel>
  );
}

function Entries({ items, empty }: { items: readonly AuditEntry[]; empty: string }) {
  return (
    <Table
      caption="Audit log"
      rows={items}
      keyOf={(item) => item.number}
      empty={empty}
      columns={[
        { head: 'When', cell: (item) => <time dateTime={item.time}>{clock(Date.parse(item.time))}</time> },
        { head: 'Who', wide: true, cell: (item) => <span title={item.remote}>{item.by}</span> },
        { head: 'What', cell: (item) => <What item={item} /> },
        { head: 'Of what', cell: (item) => <Details item={item} /> },
        { head: 'Result', cell: (item) => <Badge tone={item.result === 'ok' ? 'good' : 'bad'}>{item.result === 'ok' ? 'ok' : `${item.result} (${item.status})`}</Badge> },
        { head: 'Took', number: true, wide: true, cell: (item) => span(item.seconds) },
        { head: 'Request', wide: true, cell: (item) => <code>{item.request_id}</code> },
      ]}
    />
  );
}

function What({ item }: { item: AuditEntry }) {
  return (
    <span class="details words">
      <span>
        {item.action.split(/(?=[A-Z])/).map((word) => (
          <>
            {word}
            <wbr />
          </>
        ))}
      </span>
      <small class="narrow">by {item.by}</small>
    </span>
  );
}

function Details({ item }: { item: AuditEntry }) {
  const change = changeOf(item);
  return (
    <span class="details">
      <bdi>{subjectOf(item) || '–'}</bdi>
      {item.detail && <small>{escapeText(item.detail)}</small>}
      {change && (
        <small>
          <bdi>{change}</bdi>
        </small>
      )}
    </span>
  );
}
