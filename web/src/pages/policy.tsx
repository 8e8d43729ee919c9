import { useMemo } from 'preact/hooks';
import { get } from '../api/client';
import type { Policy, WhatIf } from '../api/schema';
import { bytes, count, percent, rate, span } from '../lib/format';
import { toInvalidate } from '../lib/handover';
import { history } from '../lib/history';
import { hitRatio, kOutcomes, offload } from '../lib/outcomes';
import { usePoll } from '../lib/poll';
import { useStore } from '../lib/store';
import { Chart } from '../ui/chart';
import { Bar, Facts, Loading, Panel, Tile } from '../ui/parts';
import { Mode } from '../ui/policy_table';
import { Table } from '../ui/table';
import { outcomeSeries } from './overview';

export function PolicyView({ name }: { name: string }) {
  const { data, error } = usePoll((signal) => get('GetPolicy', `policies/${encodeURIComponent(name)}`, signal), 2000, name);
  if (!data) return <Loading error={error} />;
  return (
    <>
      <Tiles policy={data} />
      <Outcomes name={name} />
      <div class="two">
        <Shares policy={data} />
        <Rules policy={data} />
      </div>
      <WhatIfs policy={data} />
    </>
  );
}

function Tiles({ policy }: { policy: Policy }) {
  const outcomes = policy.rates && policy.rates.lookups > 0 ? policy.rates.outcomes : policy.counters.outcomes;
  return (
    <div class="tiles">
      <Tile label="Hit ratio" value={percent(hitRatio(outcomes))} detail={`${percent(hitRatio(policy.counters.outcomes))} in all`} />
      <Tile label="Origin offload" value={percent(offload(outcomes))} detail={`${percent(offload(policy.counters.outcomes))} in all`} />
      <Tile label="Lookups" value={rate(policy.rates?.lookups ?? null)} detail={`${count(policy.counters.lookups)} in all`} />
      <Tile
        label="Keys"
        value={<Mode mode={policy.mode} />}
        detail={
          <>
            <code>{policy.match.join(' ')}</code>
            <br />
            <a href="#/invalidate" onClick={() => toInvalidate.set({ kind: 'policy', policy: policy.name })}>
              Invalidate them
            </a>
          </>
        }
      />
    </div>
  );
}

function Outcomes({ name }: { name: string }) {
  const points = useStore(history).slice(-300);
  const last = points.at(-1);
  const x = useMemo(() => points.map((point) => point.time), [last]);
  const series = useMemo(() => outcomeSeries(points, (point) => point.policies[name]), [last, name]);
  return <Chart title="Lookups by outcome" x={x} series={series} format={rate} stacked height={240} />;
}

function Shares({ policy }: { policy: Policy }) {
  const { outcomes, lookups } = policy.counters;
  return (
    <Panel title="What became of lookups" note="Since the start.">
      <Table
        caption="Outcomes since the start"
        rows={kOutcomes.filter(({ name }) => outcomes[name] > 0)}
        keyOf={({ name }) => name}
        empty="No lookups yet."
        columns={[
          { head: 'Outcome', cell: ({ name }) => <code>{name}</code> },
          { head: 'Lookups', number: true, cell: ({ name }) => count(outcomes[name]) },
          {
            head: 'Share',
            number: true,
            cell: ({ name }) => (
              <>
                {percent(outcomes[name] / lookups)} <Bar share={outcomes[name] / lookups} />
              </>
            ),
          },
          { head: 'It means', wide: true, cell: ({ means }) => means },
        ]}
      />
    </Panel>
  );
}

function Rules({ policy }: { policy: Policy }) {
  const { ttl, version, near, stampede, refresh, offline, tags } = policy.rules;
  return (
    <Panel title="Rules">
      <Facts
        rows={[
          ['No TTL given', `${ttl.missing}${ttl.default_ms ? ` ${ms(ttl.default_ms)}` : ''}`],
          ['TTL', `${ttl.min_ms ? ms(ttl.min_ms) : 'any'} to ${ttl.max_ms ? ms(ttl.max_ms) : 'any'}, jitter ${percent(ttl.jitter, 0)}`],
          ['Schema', version.schema ?? 'none'],
          ['Generation', version.generation ? (policy.current_generation ?? 'not known yet') : 'off'],
          ['Tags', tags.length ? tags.map((rule) => `${rule.tag} of ${rule.match}`).join('; ') : 'none'],
          ['Near cache', near.enabled ? `at most ${ms(near.max_ttl_ms)}, values up to ${bytes(near.max_value_bytes)}` : 'off'],
          ['Coalesce', `${stampede.coalesce}, at most ${ms(stampede.max_wait_ms)}, then ${stampede.on_timeout}`],
          ['Lease', stampede.lease_ms === null ? 'learned' : ms(stampede.lease_ms)],
          ['Stale', `${ms(stampede.stale_while_revalidate_ms)} while computed, ${ms(stampede.stale_if_error_ms)} without Redis (${stampede.grace})`],
          ['Refresh', refresh.mode === 'off' ? 'off' : `${refresh.mode}, beta ${refresh.beta}`],
          ['Without Redis', `reads ${offline.reads}, fallback ${offline.fallback}`],
        ]}
      />
    </Panel>
  );
}

function ms(value: number): string {
  return span(value / 1000);
}

function WhatIfs({ policy }: { policy: Policy }) {
  const what = policy.what_if;
  if (!what) return null;
  const note = `Estimated from sampled keys of the last ${span(what.window_seconds)}.`;
  return (
    <div class="two">
      <Curve title="What if the near cache had…" points={what.near_sizes} note={note} label="answered nearby" formatX={bytes} nameX="Size" />
      <Curve title="What if keys lived…" points={what.lives} note={note} label="would find a value" formatX={span} nameX="Life" mark={policy.rules.ttl.default_ms / 1000} />
    </div>
  );
}

function Curve(props: { title: string; points: WhatIf['lives']; note: string; label: string; nameX: string; formatX(value: number): string; mark?: number }) {
  const { title, points, note, label, nameX, formatX, mark } = props;
  const x = useMemo(() => points.map((point) => point.at), [points]);
  const series = useMemo(() => [{ label, color: '--line-1', values: points.map((point) => point.hit_ratio) }], [points, label]);
  const marked = mark ? { mark, note: `${note} The dashed line is the default TTL, ${formatX(mark)}.` } : { note };
  return <Chart title={title} kind="log" x={x} series={series} format={(value) => percent(value, 0)} formatX={formatX} nameX={nameX} top={1} height={180} {...marked} />;
}
