import type { PolicyBrief } from '../api/schema';
import { count, percent, rate } from '../lib/format';
import { hitRatio, offload } from '../lib/outcomes';
import { hrefOf } from '../lib/router';
import { Badge, Bar } from './parts';
import { Table, type Column } from './table';

export function PolicyTable({ policies, brief = false }: { policies: readonly PolicyBrief[]; brief?: boolean }) {
  const columns: Column<PolicyBrief>[] = [
    { head: 'Policy', cell: (policy) => <a href={hrefOf('policies', policy.name)}>{policy.name}</a> },
    { head: 'Lookups', number: true, cell: (policy) => (policy.rates ? rate(policy.rates.lookups) : count(policy.counters.lookups)) },
    { head: 'Hit ratio', number: true, hint: '(near_hit + hit) / lookups', cell: (policy) => <Ratio policy={policy} of={hitRatio} /> },
    { head: 'Offload', number: true, hint: '1 - misses / lookups', cell: (policy) => <Ratio policy={policy} of={offload} /> },
  ];
  if (!brief) {
    columns.splice(1, 0, { head: 'Keys', wide: true, cell: (policy) => <code>{policy.match.join(' ')}</code> });
    columns.push(
      { head: 'Mode', cell: (policy) => <Mode mode={policy.mode} /> },
      { head: 'Near', wide: true, cell: (policy) => (policy.near ? 'yes' : 'no') },
      { head: 'Coalesce', wide: true, cell: (policy) => policy.coalesce + (policy.learning ? ` (${policy.learning})` : '') },
      { head: 'Refresh', wide: true, cell: (policy) => policy.refresh },
      { head: 'Flights', number: true, wide: true, hint: 'Ended, since the start', cell: (policy) => count(policy.flights) },
    );
  }
  return <Table caption="Policies" columns={columns} rows={policies} keyOf={(policy) => policy.name} empty="No policy is configured: all commands pass unchanged." />;
}

function Ratio({ policy, of }: { policy: PolicyBrief; of: typeof hitRatio }) {
  const value = of(policy.rates && policy.rates.lookups > 0 ? policy.rates.outcomes : policy.counters.outcomes);
  return (
    <>
      {percent(value)} <Bar share={value ?? 0} />
    </>
  );
}

export function Mode({ mode }: { mode: PolicyBrief['mode'] }) {
  return <Badge tone={mode === 'enforce' ? 'good' : mode === 'audit' ? 'warn' : 'plain'}>{mode}</Badge>;
}
