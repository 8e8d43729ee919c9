import { useState } from 'preact/hooks';
import { download, get, send } from '../api/client';
import type { Invalidation } from '../api/schema';
import { clock, count, percent, plural, rate, span } from '../lib/format';
import { toInvalidate } from '../lib/handover';
import { leftOf } from '../lib/job_left';
import { useRefusal } from '../lib/live';
import { usePoll } from '../lib/poll';
import { describe } from '../lib/target';
import { Facts, Failure, Loading, Panel, ReadOnly, Tile } from '../ui/parts';
import { JobState } from './jobs';

export function JobView({ id }: { id: string }) {
  const path = `invalidations/${encodeURIComponent(id)}`;
  const { data: job, error, refresh } = usePoll((signal) => get('GetInvalidation', path, signal), 1000, id);
  if (!job) return <Loading error={error} />;
  const over = job.finished !== null;
  return (
    <Panel title={capital(describe(job.target, job.targets))} actions={<JobState job={job} />}>
      <Failure error={error ?? (job.error ? new Error(job.error) : undefined)} />
      <Progress job={job} />
      <div class="tiles">
        <Tile label="Done" value={count(job.done)} detail={`${job.target.mode === 'hard' ? 'deleted' : 'marked stale'}; ${count(job.near)} in this near cache`} />
        <Tile label="Matched" value={count(job.matched)} detail={job.scanned > 0 ? `of ${count(job.scanned)} scanned` : 'named'} />
        <Tile
          label="Interruptions"
          value={count(job.interruptions)}
          detail={job.failed ? `${count(job.failed)} keys were sent twice` : 'of the connection to Redis'}
          tone={job.interruptions ? 'warn' : 'plain'}
        />
        <Tile label="Pace" value={rate(job.per_second)} detail={`on the average; at most ${rate(over ? job.rate : job.allowed_per_second)} ${over ? '' : 'now'}`} />
      </div>
      <Controls job={job} path={path} onDone={refresh} />
      <Facts
        rows={[
          ['How', `${job.target.mode ?? 'soft'}, ${job.target.scope ?? 'both'}`],
          ['By', job.by],
          ['Begun', clock(Date.parse(job.created))],
          ['Ended', job.finished ? clock(Date.parse(job.finished)) : '–'],
          ['Worked', span(job.seconds)],
          ...notesOf(job),
          ...(job.generation === null ? [] : [['Generation', String(job.generation)] as const]),
        ]}
      />
    </Panel>
  );
}

/** What is out of the ordinary. */
function notesOf(job: Invalidation): [string, string][] {
  const notes: [string, string | undefined][] = [
    ['Waits for', job.waiting_for],
    ['Reason', job.reason],
    ['Ended early', job.capped ? 'at its most keys' : undefined],
    ['Begun anew', job.rescans ? plural(job.rescans, 'time') : undefined],
    ['Tag has a new version in', job.bumped ? plural(job.bumped, 'policy', 'policies') : undefined],
    ['New generations instead', job.renewed ? String(job.renewed) : undefined],
    ['Of no policy', job.outside_policy ? plural(job.outside_policy, 'key') : undefined],
    ['Other versions', job.hidden ? `${plural(job.hidden, 'key')}; they stay` : undefined],
  ];
  return notes.filter((note): note is [string, string] => note[1] !== undefined);
}

function Progress({ job }: { job: Invalidation }) {
  const over = job.finished !== null;
  const left = leftOf(job);
  return (
    <label class="progress wide">
      <span>
        {over ? 'Ended' : percent(job.progress)}
        {left !== undefined && `, about ${span(left)} left`}
      </span>
      <progress value={job.progress} max={1} />
    </label>
  );
}

function Controls({ job, path, onDone }: { job: Invalidation; path: string; onDone(): void }) {
  const [error, setError] = useState<unknown>();
  const refusal = useRefusal('invalidate');
  const over = job.finished !== null;
  async function attempt(work: () => Promise<unknown>): Promise<void> {
    setError(undefined);
    await work().catch(setError);
    onDone();
  }
  const control = (operation: 'PauseInvalidation' | 'ResumeInvalidation' | 'CancelInvalidation', verb: string) => attempt(() => send(operation, 'POST', `${path}/${verb}`));
  const isPaused = job.state === 'paused';
  return (
    <>
      <ReadOnly scope="invalidate" id="no-control" />
      <div class="buttons">
        {!over && (
          <>
            <button type="button" disabled={!!refusal} onClick={() => void (isPaused ? control('ResumeInvalidation', 'resume') : control('PauseInvalidation', 'pause'))}>
              {isPaused ? 'Resume' : 'Pause'}
              <span class="hidden"> the job</span>
            </button>
            <button type="button" class="dangerous" disabled={!!refusal} onClick={() => void control('CancelInvalidation', 'cancel')}>
              Cancel<span class="hidden"> the job</span>
            </button>
          </>
        )}
        <button type="button" disabled={!over} onClick={() => void attempt(() => download(`${path}/report.jsonl`, `herdgate-${job.id}.jsonl`))}>
          Report (JSONL)
        </button>
        {over && (
          <a href="#/invalidate" onClick={() => toInvalidate.set(job.target)}>
            The same again
          </a>
        )}
      </div>
      <Failure error={error} />
    </>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
