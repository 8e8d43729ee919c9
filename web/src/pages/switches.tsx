import { useState } from 'preact/hooks';
import { get, send } from '../api/client';
import type { LogLevel } from '../api/schema';
import { clock, span } from '../lib/format';
import { refreshLive, useRefusal, useSnapshot } from '../lib/live';
import { usePoll } from '../lib/poll';
import { Badge, Failure, Panel, ReadOnly } from '../ui/parts';

const kLevels: readonly LogLevel['level'][] = ['debug', 'info', 'warn', 'error'];
const kSpans = [60, 300, 900, 3600];

/** What the scope operate allows to change; both end by themselves. */
export function Switches() {
  return (
    <div class="two">
      <BypassSwitch />
      <LogSwitch />
    </div>
  );
}

function BypassSwitch() {
  const snapshot = useSnapshot();
  const refusal = useRefusal('operate');
  const [seconds, setSeconds] = useState(300);
  const [policy, setPolicy] = useState('');
  const [error, setError] = useState<unknown>();
  if (!snapshot) return null;
  const { bypass } = snapshot;
  async function set(active: boolean): Promise<void> {
    const body = active ? { active, seconds, ...(policy ? { policies: [policy] } : {}) } : { active };
    await send('SetBypass', 'POST', 'bypass', body).then(() => setError(undefined), setError);
    refreshLive();
  }
  const state = bypass.active ? `${bypass.policies.join(', ') || 'all policies'} until ${bypass.until ? clock(Date.parse(bypass.until)) : '–'}, by ${bypass.by ?? '–'}` : '';
  return (
    <Panel
      title="Bypass"
      actions={<Badge tone={bypass.active ? 'warn' : 'good'}>{bypass.active ? 'on' : 'off'}</Badge>}
      note="While it is on, reads go to Redis: no near cache, no waiting, no early refresh. TTL rules and versions stay."
    >
      <ReadOnly scope="operate" id="no-bypass" />
      <fieldset class="bare line" disabled={!!refusal} aria-describedby={refusal ? 'no-bypass' : undefined}>
        {bypass.active ? (
          <>
            <p>{state}</p>
            <button type="button" class="primary" onClick={() => void set(false)}>
              End it
            </button>
          </>
        ) : (
          <>
            <label>
              Policies
              <select value={policy} onChange={(event) => setPolicy(event.currentTarget.value)}>
                <option value="">all</option>
                {snapshot.policies.map(({ name }) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <label>
              For
              <select value={seconds} onChange={(event) => setSeconds(Number(event.currentTarget.value))}>
                {kSpans.map((value) => (
                  <option key={value} value={value}>
                    {span(value)}
                  </option>
                ))}
              </select>
            </label>
            <button type="button" class="dangerous" onClick={() => void set(true)}>
              Bypass
            </button>
          </>
        )}
      </fieldset>
      <Failure error={error} />
    </Panel>
  );
}

function LogSwitch() {
  const { data, error, refresh } = usePoll((signal) => get('GetLogLevel', 'log-level', signal), 5000);
  const refusal = useRefusal('operate');
  const [failure, setFailure] = useState<unknown>();
  async function set(level: string): Promise<void> {
    await send('SetLogLevel', 'PUT', 'log-level', { level }).then(() => setFailure(undefined), setFailure);
    refresh();
  }
  return (
    <Panel title="Log" note="The least level that is written, until the next reload or restart.">
      <ReadOnly scope="operate" id="no-log" />
      <label>
        Level
        <select value={data?.level ?? ''} disabled={!!refusal || !data} aria-describedby={refusal ? 'no-log' : undefined} onChange={(event) => void set(event.currentTarget.value)}>
          {!data && <option value="">…</option>}
          {kLevels.map((level) => (
            <option key={level}>{level}</option>
          ))}
        </select>
      </label>
      <Failure error={failure ?? error} />
    </Panel>
  );
}
