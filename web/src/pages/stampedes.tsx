import { get } from '../api/client';
import type { Answers, Stampede } from '../api/schema';
import { clock, count, span } from '../lib/format';
import { usePoll } from '../lib/poll';
import { hrefOf } from '../lib/router';
import { KeyText } from '../ui/key';
import { Bar, Facts, Failure, Loading, Panel, Tile } from '../ui/parts';
import { Table } from '../ui/table';

export function Stampedes() {
  const events = usePoll((signal) => get('ListStampedes', 'stampedes', signal), 2000);
  const flights = usePoll((signal) => get('GetFlights', 'flights', signal), 1000);
  if (!events.data) return <Loading error={events.error} />;
  return (
    <>
      <Tiles totals={events.data.totals} flights={flights.data} />
      <Failure error={flights.error} />
      <Events items={events.data.items} />
      {flights.data && (
        <div class="two">
          <Panel title="What ended a wait">
            <Reasons of={flights.data.answers} empty="Nobody has waited yet." />
          </Panel>
          <Panel title="Why a miss did not wait">
            <Reasons of={flights.data.refusals} empty="Every miss that could wait did." />
          </Panel>
        </div>
      )}
    </>
  );
}

function Tiles({ totals, flights }: { totals: Answers['ListStampedes']['totals']; flights: Answers['GetFlights'] | undefined }) {
  return (
    <div class="tiles">
      <Tile label="Recomputes saved" value={count(totals.avoided)} detail={`${span(totals.seconds_avoided)} of work, at least`} />
      <Tile label="Recomputes" value={count(totals.recomputes)} detail={`in ${count(totals.flights)} flights`} />
      <Tile label="Stampedes" value={count(totals.events)} detail="flights of five or more callers" />
      <Tile label="Now" value={count(flights?.leaders)} detail={`${count(flights?.waiters)} wait, for ${count(flights?.keys)} keys`} />
    </div>
  );
}

function Events({ items }: { items: readonly Stampede[] }) {
  const most = Math.max(1, ...items.map((item) => item.size));
  return (
    <Panel title="Events" note="Newest first. “Without” is how many would have computed it, had nobody stopped them: those who came, or as many as usually come in that time.">
      <Table
        caption="Stampede events"
        rows={items}
        keyOf={(item) => item.number}
        empty="No stampede yet: no key has had five callers at once."
        columns={[
          { head: 'Began', cell: (item) => <time dateTime={item.began}>{clock(Date.parse(item.began))}</time> },
          { head: 'Key', cell: (item) => <KeyText value={item} most={40} /> },
          { head: 'Policy', wide: true, cell: (item) => <a href={hrefOf('policies', item.policy)}>{item.policy}</a> },
          { head: 'Cause', wide: true, cell: (item) => (item.kind === 'refresh' ? 'early refresh' : item.cause) },
          {
            head: 'Callers',
            number: true,
            cell: (item) => (
              <>
                {count(item.size)} <Bar share={item.size / most} />
              </>
            ),
          },
          { head: 'Saved', number: true, wide: true, cell: (item) => count(item.avoided) },
          { head: 'Without', number: true, wide: true, cell: (item) => count(Math.max(item.size, Math.round(item.unprotected_size))) },
          { head: 'Took', number: true, cell: (item) => span(item.duration_seconds) },
          { head: 'Pods', number: true, wide: true, cell: (item) => count(item.pods) },
        ]}
      />
    </Panel>
  );
}

function Reasons({ of, empty }: { of: Record<string, number>; empty: string }) {
  const rows = Object.entries(of).filter(([, value]) => value > 0);
  rows.sort(([, one], [, other]) => other - one);
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return <Facts rows={rows.map(([name, value]) => [name.replaceAll('_', ' '), count(value)] as const)} />;
}
