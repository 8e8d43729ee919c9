import { useEffect, useRef, useState } from 'preact/hooks';
import { send } from '../../api/client';
import type { ExecuteRequest, Preview } from '../../api/schema';
import { count, span } from '../../lib/format';
import { randomId } from '../../lib/random_id';
import { useRefusal } from '../../lib/live';
import { go } from '../../lib/router';
import { act, confirmWord } from '../../lib/target';
import { Failure, Panel, ReadOnly } from '../../ui/parts';

// Keys a second at most; the sidecar slows down by itself where Redis' latency says so.
const kRates = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000] as const;
const kUsualRate = 5000;
// Soft: seconds within which the values end.
const kWindows = [10, 60, 300, 900, 3600] as const;

/** The last step. A large one has to be typed; what the button says is what happens. */
export function Confirm({ preview, onDismiss }: { preview: Preview; onDismiss(): void }) {
  const { target } = preview;
  const word = confirmWord(target);
  const [typed, setTyped] = useState('');
  const [pace, setPace] = useState<number>(kRates.indexOf(kUsualRate));
  const [window, setWindow] = useState<number>(kWindows[0]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const refusal = useRefusal(preview.needed_scope);
  const left = useSecondsLeft(Date.parse(preview.expires));
  // One for a preview: pressed twice, or again after a lost answer, it is the same job.
  const idempotency = useRef(randomId());
  const rate = kRates[pace] ?? kUsualRate;
  const soft = target.mode !== 'hard';
  const ready = !refusal && left > 0 && !busy && (preview.confirm !== 'type' || typed === word);

  async function execute(): Promise<void> {
    if (!ready) return;
    setBusy(true);
    try {
      const body: ExecuteRequest = { preview_token: preview.token, rate, ...(soft ? { soft_seconds: window } : {}) };
      const job = await send('Invalidate', 'POST', 'invalidations', body, { 'Idempotency-Key': idempotency.current });
      go('jobs', job.id);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }
  const warning = target.kind === 'everything' || (target.mode === 'hard' && (preview.origin_per_second ?? 0) > 100);
  return (
    <Panel title="3. Confirm" class={warning ? 'danger' : ''}>
      <form onSubmit={(event) => (event.preventDefault(), void execute())}>
        {warning && <p class="warning">The origin will have to compute what these keys answered so far. A soft one, or a slower pace, spreads that out.</p>}
        {!preview.new_generation && (
          <label>
            Pace: at most {count(rate)} keys a second, less where Redis answers late
            <input type="range" min={0} max={kRates.length - 1} step={1} value={pace} aria-valuetext={`${rate} keys a second`} onInput={(event) => setPace(Number(event.currentTarget.value))} />
          </label>
        )}
        {soft && target.scope !== 'near' && (
          <label>
            Values end within
            <select value={window} onChange={(event) => setWindow(Number(event.currentTarget.value))}>
              {kWindows.map((seconds) => (
                <option key={seconds} value={seconds}>
                  {span(seconds)}
                </option>
              ))}
            </select>
          </label>
        )}
        {preview.confirm === 'type' && (
          <label>
            <span>
              Type <code class="word">{word}</code> to confirm
            </span>
            <input class="key" type="text" value={typed} autocomplete="off" spellcheck={false} onInput={(event) => setTyped(event.currentTarget.value)} />
          </label>
        )}
        <ReadOnly scope={preview.needed_scope} id="cannot" />
        <div class="buttons">
          <button type="submit" class={target.mode === 'hard' ? 'dangerous' : 'primary'} disabled={!ready} aria-describedby={refusal ? 'cannot' : undefined}>
            {act(target, preview.estimated, preview.exact)}
          </button>
          <button type="button" onClick={onDismiss}>
            Not now
          </button>
          <span class="muted">{left > 0 ? `The preview holds for ${span(left)}.` : 'The preview has expired: ask for a new one.'}</span>
        </div>
        <Failure error={error} />
      </form>
    </Panel>
  );
}

function useSecondsLeft(until: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, Math.round((until - now) / 1000));
}
