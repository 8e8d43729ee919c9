import { useState } from 'preact/hooks';
import { setToken, token } from '../api/client';
import type { Scope } from '../api/schema';
import { forgetLive, live } from '../lib/live';
import { go } from '../lib/router';
import { useStore } from '../lib/store';
import { Badge, Facts, Failure, Panel } from '../ui/parts';

const kScopes: readonly (readonly [Scope, string])[] = [
  ['read', 'see everything but values'],
  ['inspect', 'see the values of keys'],
  ['invalidate', 'invalidate keys, prefixes, patterns, tags, policies'],
  ['purge_all', 'invalidate everything'],
  ['operate', 'change the log level, switch policies off for a while'],
];

export function Access() {
  const { snapshot, error } = useStore(live);
  const known = useStore(token);
  const [text, setText] = useState('');
  function use(value: string): void {
    setToken(value);
    setText('');
    forgetLive();
    if (value) go('overview');
  }
  return (
    <div class="two">
      <Panel title="Token" note="Kept in this tab until it is closed; sent to this sidecar only, never as a cookie.">
        {error?.status === 401 && <p class="warning">{known ? 'The sidecar does not know this token.' : 'This sidecar asks for a token.'}</p>}
        {error && error.status !== 401 && <Failure error={error} />}
        <form onSubmit={(event) => (event.preventDefault(), use(text))}>
          <label>
            Token
            <input type="password" value={text} autocomplete="off" spellcheck={false} required onInput={(event) => setText(event.currentTarget.value)} />
          </label>
          <div class="buttons">
            <button type="submit" class="primary">
              Use it
            </button>
            {known && (
              <button type="button" onClick={() => use('')}>
                Forget the token
              </button>
            )}
          </div>
        </form>
      </Panel>
      {snapshot && (
        <Panel title="What you may do" actions={<span>{snapshot.caller.name ?? 'no token'}</span>} note={snapshot.caller.tokens_configured ? '' : 'This sidecar has no tokens file: it can be read from this machine, and changed by nobody.'}>
          <Facts
            rows={kScopes.map(([scope, means]) => [
              <code>{scope}</code>,
              <>
                <Badge tone={snapshot.caller.scopes.includes(scope) ? 'good' : 'plain'}>{snapshot.caller.scopes.includes(scope) ? 'yes' : 'no'}</Badge> {means}
              </>,
            ])}
          />
        </Panel>
      )}
    </div>
  );
}
