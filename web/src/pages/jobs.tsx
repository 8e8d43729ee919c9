import { get } from '../api/client';
import type { Invalidation } from '../api/schema';
import { clock, count, percent, span } from '../lib/format';
import { usePoll } from '../lib/poll';
import { hrefOf, type Route } from '../lib/router';
import { describe } from '../lib/target';
import { Badge, Loading, Panel, type Tone } from '../ui/parts';
import { Table } from '../ui/table';
import { JobView } from './job';

export function Jobs({ route }: { route: Route }) {
  return route.argument ? <JobView key={route.argument} id={route.argument} /> : <AllJobs />;
}

function AllJobs() {
  const { data, error } = usePoll((signal) => get('ListInvalidations', 'invalidations?limit=100', signal), 1500);
  if (!data) return <Loading error={error} />;
  return (
    <Panel title="Invalidations" note="Newest first." actions={<a href="#/invalidate">New</a>}>
      <Table
        caption="Invalidation jobs"
        rows={data.items}
        keyOf={(job) => job.id}
        empty="Nothing has been invalidated since this sidecar started."
        columns={[
          { head: 'What', cell: (job) => <a href={hrefOf('jobs', job.id)}><bdi>{describe(job.target, job.targets)}</bdi></a> },
          { head: 'State', cell: (job) => <JobState job={job} /> },
          { head: 'Done', number: true, cell: (job) => count(job.done) },
          { head: 'So far', number: true, wide: true, cell: (job) => percent(job.progress, 0) },
          { head: 'How', wide: true, cell: (job) => `${job.target.mode ?? 'soft'}, ${job.target.scope ?? 'both'}` },
          { head: 'By', wide: true, cell: (job) => job.by },
          { head: 'Begun', wide: true, cell: (job) => <time dateTime={job.created}>{clock(Date.parse(job.created))}</time> },
          { head: 'Worked', number: true, wide: true, cell: (job) => span(job.seconds) },
        ]}
      />
    </Panel>
  );
}

const kTones: Record<Invalidation['state'], Tone> = { queued: 'plain', running: 'good', paused: 'warn', done: 'good', failed: 'bad', cancelled: 'warn' };

export function JobState({ job }: { job: Invalidation }) {
  return <Badge tone={kTones[job.state]}>{job.state}</Badge>;
}
