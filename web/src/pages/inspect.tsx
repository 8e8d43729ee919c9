import { useEffect, useRef, useState } from 'preact/hooks';
import { send } from '../api/client';
import type { KeyReport } from '../api/schema';
import { bytes, count, rate, span } from '../lib/format';
import { keyToInspect, toInvalidate } from '../lib/handover';
import { shownKey, typedKey } from '../lib/key_form';
import { bytesFromBase64, escapeBytes, escapeText } from '../lib/keys';
import { useRefusal } from '../lib/live';
import { hrefOf } from '../lib/router';
import { KeyText } from '../ui/key';
import { Badge, Facts, Failure, Panel, ReadOnly } from '../ui/parts';

export function Inspect() {
  const [text, setText] = useState(keyToInspect.get);
  const [withValue, setWithValue] = useState(false);
  const [report, setReport] = useState<KeyReport>();
  const [error, setError] = useState<unknown>();
  const refusal = useRefusal('inspect');
  const asked = useRef(0);

  async function ask(): Promise<void> {
    const key = typedKey(text);
    if (!key) return setError(new Error('Not a key: write a backslash as \\\\ and a byte as \\x00.'));
    const turn = ++asked.current;
    try {
      const answer = await send('InspectKey', 'POST', 'keys/inspect', { ...key, ...(withValue && !refusal ? { value: true } : {}) });
      if (turn === asked.current) [setReport(answer), setError(undefined)];
    } catch (failure) {
      if (turn === asked.current) [setReport(undefined), setError(failure)];
    }
  }
  useEffect(() => {
    if (keyToInspect.get()) void ask();
    return () => keyToInspect.set('');
  }, []);

  return (
    <>
      <Panel title="Which key?" note="As the app writes it. A byte that is no text is \x and two digits, a backslash is \\.">
        <form class="line" onSubmit={(event) => (event.preventDefault(), void ask())}>
          <label class="grow">
            Key
            <input class="key" type="text" value={text} onInput={(event) => setText(event.currentTarget.value)} autocomplete="off" spellcheck={false} required />
          </label>
          <label class="check">
            <input type="checkbox" checked={withValue && !refusal} disabled={!!refusal} aria-describedby="no-value" onChange={(event) => setWithValue(event.currentTarget.checked)} />
            with its value (audited)
          </label>
          <button type="submit" class="primary">
            Inspect
          </button>
        </form>
        <ReadOnly scope="inspect" id="no-value" />
        <Failure error={error} />
      </Panel>
      <div aria-live="polite">{report && <Report report={report} />}</div>
    </>
  );
}

function Report({ report }: { report: KeyReport }) {
  const { near } = report;
  return (
    <>
      <div class="two">
        <Panel title="The key" actions={<Badge tone={report.exists ? 'good' : 'plain'}>{report.exists ? report.type : 'does not exist'}</Badge>}>
          <Facts
            rows={[
              ['Key', <KeyText value={report} link={false} />],
              ['In Redis', <KeyText value={report.physical} link={false} />],
              ['Expires for the app', ttl(report.ttl_ms, report.exists)],
              ['Expires in Redis', ttl(report.physical_ttl_ms, report.exists)],
              ['Memory', bytes(report.size_bytes)],
              ['Length', count(report.length)],
              ['Lookups', report.per_second > 0 ? rate(report.per_second) : 'not a hot key'],
            ]}
          />
          <p>
            <a href="#/invalidate" onClick={() => toInvalidate.set({ kind: 'key', keys: [{ key: report.key, encoding: report.encoding }] })}>
              Invalidate it
            </a>
          </p>
        </Panel>
        <Panel title="What Herdgate does with it">
          <Facts
            rows={[
              ['Policy', report.policy ? <a href={hrefOf('policies', report.policy)}>{report.policy}</a> : 'none'],
              ['Why', report.why],
              ['Pattern', report.pattern === null ? '–' : <code>{report.pattern}</code>],
              ['Mode', report.mode ?? '–'],
              ['Near cache', near.state === 'none' ? 'not there' : `${near.state}, ${span((near.age_ms ?? 0) / 1000)} old, ${bytes(near.bytes)}`],
              ['Fresh for', near.fresh_for_ms === null ? '–' : span(near.fresh_for_ms / 1000)],
              ['Flight', report.flight ? 'somebody computes it' : 'none'],
            ]}
          />
        </Panel>
      </div>
      {report.value && <Value value={report.value} name={shownKey(report)} />}
    </>
  );
}

function Value({ value, name }: { value: NonNullable<KeyReport['value']>; name: string }) {
  const text = value.encoding === 'base64' ? escapeBytes(bytesFromBase64(value.data)) : value.data.split('\n').map(escapeText).join('\n');
  return (
    <Panel title="Value" note={`${bytes(value.bytes)}${value.cut ? '; only the first 4 KiB are shown' : ''}`}>
      <pre tabIndex={0} role="region" aria-label={`Value of ${name}`}>
        <bdi>{text}</bdi>
      </pre>
    </Panel>
  );
}

function ttl(value: number | null, exists: boolean): string {
  if (value === null) return exists ? 'never' : '–';
  return `in ${span(value / 1000)}`;
}
