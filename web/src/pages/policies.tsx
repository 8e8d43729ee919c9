import { get } from '../api/client';
import { useSnapshot } from '../lib/live';
import { usePoll } from '../lib/poll';
import type { Route } from '../lib/router';
import { Loading, Panel } from '../ui/parts';
import { PolicyTable } from '../ui/policy_table';
import { PolicyView } from './policy';

export function Policies({ route }: { route: Route }) {
  return route.argument ? <PolicyView key={route.argument} name={route.argument} /> : <AllPolicies />;
}

function AllPolicies() {
  const brief = useSnapshot()?.policies;
  const { data, error } = usePoll((signal) => get('ListPolicies', 'policies', signal), 2000);
  const policies = data?.items ?? brief;
  if (!policies) return <Loading error={error} />;
  return (
    <Panel title="In force" note="Rates are of the last seconds. A policy’s page shows its outcomes, its rules and what other sizes and expiries would do.">
      <PolicyTable policies={policies} />
    </Panel>
  );
}
