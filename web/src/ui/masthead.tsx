import { live } from '../lib/live';
import { paused, usePaused } from '../lib/poll';
import { useStore } from '../lib/store';
import { setTheme, theme, type Theme } from '../lib/theme';
import { span } from '../lib/format';
import { Badge } from './parts';

const kNextTheme: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

export function Masthead() {
  const stopped = usePaused();
  const chosen = useStore(theme);
  return (
    <header class="masthead">
      <a class="brand" href="#/overview">
        <img src="./icon.svg" alt="" width="24" height="24" /> Herdgate
      </a>
      <Connection />
      <div class="tools">
        <button type="button" class="quiet" aria-pressed={stopped} onClick={() => paused.set(!stopped)}>
          {stopped ? 'Go on' : 'Pause'}
          <span class="hidden"> live data</span>
        </button>
        <button type="button" class="quiet" onClick={() => setTheme(kNextTheme[chosen])}>
          <span class="hidden">Theme: </span>
          {{ system: 'Auto', light: 'Light', dark: 'Dark' }[chosen]}
        </button>
      </div>
    </header>
  );
}

/** Where the numbers come from and whether they are of now; never silent about old ones. */
function Connection() {
  const { snapshot, error, since } = useStore(live);
  const stopped = usePaused();
  return (
    <p class="connection" role="status">
      {error ? (
        <Badge tone="bad">{error.status === 401 ? 'Token needed' : `No answer${since ? ` for ${span(Math.round((Date.now() - since) / 1000))}` : ''}`}</Badge>
      ) : !snapshot ? (
        <Badge tone="plain">Connecting</Badge>
      ) : snapshot.bypass.active ? (
        <Badge tone="warn">Bypassed</Badge>
      ) : stopped ? (
        <Badge tone="plain">Paused</Badge>
      ) : snapshot.draining ? (
        <Badge tone="warn">Draining</Badge>
      ) : (
        <Badge tone="good">Live</Badge>
      )}
      {snapshot && (
        <span class="build">
          {snapshot.version} · {snapshot.caller.name ?? (snapshot.caller.tokens_configured ? 'no token' : 'read-only')}
        </span>
      )}
    </p>
  );
}
