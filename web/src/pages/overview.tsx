import { useMemo } from 'preact/hooks';
import { get } from '../api/client';
import type { Snapshot } from '../api/schema';
import { count, percent, plural, rate, span } from '../lib/format';
import { history, type Point } from '../lib/history';
import { live, useSnapshot } from '../lib/live';
import { hitRatio, kOutcomes, offload } from '../lib/outcomes';
import { usePoll } from '../lib/poll';
import { useStore } from '../lib/store';
import { Chart } from '../ui/chart';
import { HotKeyTable } from '../ui/hot_key_table';
import { Loading, Panel, Tile } from '../ui/parts';
import { PolicyTable } from '../ui/policy_table';
import { UpstreamTile } from '../ui/upstream_tile';

export function Overview() {
  const { snapshot, error } = useStore(live);
  if (!snapshot) return <Loading error={error} />;
  return (
    <>
      <Tiles snapshot={snapshot} />
      <Charts />
      <div class="two">
        <Panel title="Policies" actions={<a href="#/policies">All</a>}>
          <PolicyTable policies={snapshot.policies} brief />
        </Panel>
        <Hottest />
      </div>
    </>
  );
}

function Tiles({ snapshot }: { snapshot: Snapshot }) {
  const { rates, totals, stampedes, latency } = snapshot;
  const outcomes = rates?.outcomes ?? totals.outcomes;
  const when = rates ? 'now' : 'since the start';
  return (
    <div class="tiles">
      <Tile
        label="Hit ratio"
        value={percent(hitRatio(outcomes))}
        detail={`${when}; ${percent(hitRatio(totals.outcomes))} in all`}
        hint="(near_hit + hit) / lookups: values that were there and fresh"
      />
      <Tile
        label="Origin offload"
        value={percent(offload(outcomes))}
        detail={`${when}; ${percent(offload(totals.outcomes))} in all`}
        hint="1 - misses / lookups: lookups that did not make an app compute"
      />
      <Tile label="Lookups" value={rate(rates?.lookups ?? null)} detail={`${count(totals.lookups)} in all; ${rate(snapshot.commands.per_second)} commands`} />
      <Tile
        label="Latency p99"
        value={span(latency?.p99_seconds)}
        detail={`p50 ${span(latency?.p50_seconds)}, p99.9 ${span(latency?.p999_seconds)}`}
        hint="Of commands, from arrival to Redis' reply"
      />
      <Tile
        label="Recomputes saved"
        value={count(stampedes.avoided)}
        detail={`${span(stampedes.seconds_avoided)} of work; ${count(stampedes.recomputes)} took place`}
        hint="What callers would have computed at the same time, had nobody stopped them; a lower bound"
      />
      <Tile
        label="Stampedes now"
        value={count(stampedes.leaders)}
        detail={`${count(stampedes.waiters)} wait; ${plural(stampedes.events, 'event')} so far`}
        hint="Keys that one caller computes now while others wait"
      />
      <UpstreamTile snapshot={snapshot} />
    </div>
  );
}

const kShown = 300;

function Charts() {
  const points = useStore(history).slice(-kShown);
  const last = points.at(-1);
  const x = useMemo(() => points.map((point) => point.time), [last]);
  const outcomes = useMemo(() => outcomeSeries(points), [last]);
  const latency = useMemo(
    () => [
      { label: 'p50', color: '--line-1', values: points.map((point) => point.p50) },
      { label: 'p99', color: '--line-2', values: points.map((point) => point.p99), dash: [6, 3] },
    ],
    [last],
  );
  const ratios = useMemo(
    () => [
      { label: 'hit ratio', color: '--line-1', values: points.map((point) => (point.rates && hitRatio(point.rates)) ?? null) },
      { label: 'offload', color: '--line-2', values: points.map((point) => (point.rates && offload(point.rates)) ?? null), dash: [6, 3] },
    ],
    [last],
  );
  return (
    <div class="charts">
      <Chart title="Lookups by outcome" x={x} series={outcomes} format={rate} stacked height={300} />
      <Chart title="Hit ratio and offload" x={x} series={ratios} format={(value) => percent(value, 0)} top={1} height={118} />
      <Chart title="Latency" x={x} series={latency} format={span} height={118} />
    </div>
  );
}

/** Only outcomes that have happened, so that the legend stays short. */
export function outcomeSeries(points: readonly Point[], pick = (point: Point) => point.rates) {
  return kOutcomes
    .map(({ name }) => ({ label: name, color: `--o-${name}`, values: points.map((point) => pick(point)?.[name] ?? null) }))
    .filter((one) => one.values.some((value) => value));
}

function Hottest() {
  const { data, error } = usePoll((signal) => get('ListHotKeys', 'hot-keys?limit=8', signal), 2000);
  const lookups = useSnapshot()?.rates?.lookups ?? 0;
  return (
    <Panel title="Hottest keys" actions={<a href="#/hot">All</a>}>
      {data ? <HotKeyTable items={data.items} counted={data.keys_counted} lookups={lookups} brief /> : <Loading error={error} />}
    </Panel>
  );
}

