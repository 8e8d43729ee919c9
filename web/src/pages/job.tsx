import { useState } from 'preact/hooks';
import { download, get, send } from '../api/client';
import type { Invalidation } from '../api/schema';
import { clock, count, rate, span } from '../lib/format';
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
  return (
    <Panel title={capital(describe(job.target))} actions={<JobState job={job} />}>
      <Failure error={error ?? (job.error ? new Error(job.error) : undefined)} />
      <Progress job={job} />
      <div class="tiles">
        <Tile label="Done" value={count(job.done)} detail={job.target.mode === 'hard' ? 'keys deleted' : 'keys marked stale'} />
        <Tile label="Matched" value={count(job.matched)} detail={`of ${count(job.scanned)} scanned`} />
        <Tile label="Failed" value={count(job.failed)} detail={job.failed ? 'the report names them' : ''} tone={job.failed ? 'bad' : 'plain'} />
        <Tile label="Pace" value={rate(job.per_second)} detail={job.rate === null ? 'held back by Redis’ latency alone' : `at most ${rate(job.rate)}`} />
      </div>
      <Controls job={job} path={path} onDone={refresh} />
      <Facts
        rows={[
          ['How', `${job.target.mode ?? 'soft'}, ${job.target.scope ?? 'both'}`],
          ['By', job.by],
          ['Begun', clock(Date.parse(job.created))],
          ['Ended', job.finished ? clock(Date.parse(job.finished)) : '–'],
          ['Worked', span(job.seconds)],
          ...(job.generation === null ? [] : [['Generation', String(job.generation)] as const]),
        ]}
      />
    </Panel>
  );
}

function Progress({ job }: { job: Invalidation }) {
  const over = job.finished !== null;
  const whole = Math.max(1, job.total ?? 0, job.scanned);
  const left = leftOf(job);
  return (
    <label class="progress wide">
      <span>
        {over ? 'Ended' : job.total === null ? `${count(job.scanned)} scanned` : `${count(job.scanned)} of ${count(job.total)} scanned`}
        {left !== undefined && `, about ${span(left)} left`}
      </span>
      {!over && job.total === null ? <progress /> : <progress value={job.state === 'done' ? whole : job.scanned} max={whole} />}
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
