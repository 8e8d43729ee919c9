import { get } from '../api/client';
import type { Snapshot, Upstream } from '../api/schema';
import { bytes, clock, count, span } from '../lib/format';
import { useSnapshot } from '../lib/live';
import { usePoll } from '../lib/poll';
import { Badge, Facts, Failure, Loading, Panel } from '../ui/parts';
import { Table } from '../ui/table';
import { upstreamState } from '../ui/upstream_tile';
import { Switches } from './switches';

export function System() {
  const upstreams = usePoll((signal) => get('ListUpstreams', 'upstreams', signal), 2000);
  const snapshot = useSnapshot();
  if (!snapshot || !upstreams.data) return <Loading error={upstreams.error} />;
  return (
    <>
      <div class="two">
        {upstreams.data.items.map((upstream) => (
          <UpstreamPanel key={upstream.name} upstream={upstream} />
        ))}
        <Process snapshot={snapshot} />
      </div>
      <Switches />
      <Sessions />
      <ConfigPanel />
    </>
  );
}

function UpstreamPanel({ upstream }: { upstream: Upstream }) {
  const { tone, text } = upstreamState(upstream);
  return (
    <Panel title={`Upstream ${upstream.name}`} actions={<Badge tone={tone}>{text}</Badge>}>
      <Facts
        rows={[
          ['Address', <code>{upstream.url}</code>],
          ['For', span(Math.round(upstream.for_seconds))],
          ['Breaker', `${upstream.breaker.state.replace('_', ' ')} for ${span(Math.round(upstream.breaker.for_seconds))}${upstream.breaker.reason ? ` (${upstream.breaker.reason})` : ''}`],
          ['Error', upstream.error || upstream.breaker.error || 'none'],
          ['Connections', `${count(upstream.connections)}, ${count(upstream.dedicated)} of them held by single sessions`],
          ['Deletes remembered', count(upstream.remembered_deletes)],
        ]}
      />
    </Panel>
  );
}

function Process({ snapshot }: { snapshot: Snapshot }) {
  const { near, sessions } = snapshot;
  return (
    <Panel title="This sidecar" actions={<Badge tone={snapshot.ready ? 'good' : 'bad'}>{snapshot.draining ? 'draining' : snapshot.ready ? 'ready' : 'not ready'}</Badge>}>
      <Facts
        rows={[
          ['Version', `${snapshot.version} (${snapshot.revision})`],
          ['Up for', span(Math.round(snapshot.uptime_seconds))],
          ['Sessions', `${count(sessions.open)} of ${count(sessions.max)}; ${count(sessions.rejected)} rejected`],
          ['Near cache', near.mode === 'off' ? 'off' : `${near.mode}; ${count(near.entries)} entries, ${bytes(near.bytes)} of ${bytes(near.max_bytes)}`],
          ['Commands', count(snapshot.commands.total)],
        ]}
      />
    </Panel>
  );
}

function Sessions() {
  const { data, error } = usePoll((signal) => get('ListSessions', 'sessions', signal), 2000);
  if (!data) return <Failure error={error} />;
  return (
    <Panel title="Sessions" note={`${count(data.open)} open; per loop ${data.per_loop.map(count).join(', ')}.${data.cut ? ' The oldest 100 are shown.' : ''}`}>
      <div class="tall">
        <Table
          caption="Sessions"
          rows={data.items}
          keyOf={(session) => session.id}
          empty="No client is connected."
          columns={[
            { head: 'Client', cell: (session) => session.name || session.address },
            { head: 'Address', wide: true, cell: (session) => session.address },
            { head: 'Library', wide: true, cell: (session) => session.library || '–' },
            { head: 'Lane', cell: (session) => session.lane },
            { head: 'Last command', cell: (session) => <code>{session.last_command}</code> },
            { head: 'Age', number: true, cell: (session) => span(session.age_seconds) },
            { head: 'Idle', number: true, wide: true, cell: (session) => span(session.idle_seconds) },
            { head: 'RESP', number: true, wide: true, cell: (session) => session.protocol },
          ]}
        />
      </div>
    </Panel>
  );
}

function ConfigPanel() {
  const { data, error } = usePoll((signal) => get('GetConfig', 'config', signal), 5000);
  if (!data) return <Failure error={error} />;
  const { reloads } = data;
  return (
    <Panel title="Configuration" note="In force now, without secrets." actions={<Badge tone={data.last_reload_ok ? 'good' : 'bad'}>{data.last_reload_ok ? 'accepted' : 'last reload refused'}</Badge>}>
      <Facts
        rows={[
          ['Hash', <code>{data.hash}</code>],
          ['Accepted', data.last_good_at ? clock(Date.parse(data.last_good_at)) : '–'],
          ['Reloads', `${count(reloads.applied)} applied, ${count(reloads.refused)} refused, ${count(reloads.unchanged)} without a change`],
          ['Waiting for a restart', data.pending_restart.join(', ') || 'nothing'],
        ]}
      />
      <details>
        <summary>All options</summary>
        <Table
          caption="Options"
          rows={Object.entries(data.options)}
          keyOf={([name]) => name}
          empty="None."
          columns={[
            { head: 'Option', cell: ([name]) => <code>{name}</code> },
            { head: 'Value', cell: ([, value]) => <code>{value}</code> },
          ]}
        />
      </details>
    </Panel>
  );
}
