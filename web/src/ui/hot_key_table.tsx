import type { HotKey } from '../api/schema';
import { count, percent, rate } from '../lib/format';
import { hrefOf } from '../lib/router';
import { KeyText } from './key';
import { Bar } from './parts';
import { Sparkline } from './sparkline';
import { Table, type Column } from './table';

interface Props {
  items: readonly HotKey[];
  counted: boolean;
  /** A second, of all keys: what shares are of. */
  lookups: number;
  brief?: boolean;
}

export function HotKeyTable({ items, counted, lookups, brief = false }: Props) {
  const most = Math.max(1e-9, ...items.map((item) => item.per_second));
  const columns: Column<HotKey>[] = [
    { head: 'Key', cell: (item) => <KeyText value={item} most={brief ? 32 : 56} /> },
    {
      head: 'Now',
      number: true,
      hint: 'Lookups a second of the last full minute and the present one',
      cell: (item) => (
        <>
          {rate(item.per_second)} <Bar share={item.per_second / most} />
        </>
      ),
    },
    { head: '15 minutes', cell: (item) => <Sparkline values={item.minutes} label={inWords(item.minutes)} unfinished /> },
  ];
  if (!brief) {
    columns.splice(2, 0, { head: 'Share', number: true, wide: true, hint: 'Of all lookups now', cell: (item) => percent(lookups > 0 ? Math.min(1, item.per_second / lookups) : undefined) });
    columns.push(
      { head: 'Found', number: true, wide: true, hint: 'Of its lookups', cell: (item) => percent(item.hits + item.misses > 0 ? item.hits / (item.hits + item.misses) : undefined) },
      { head: 'Counted', number: true, wide: true, hint: 'Lookups of the last minutes: at least so many, and at most so many more', cell: (item) => <Bounds item={item} /> },
      { head: 'Policy', wide: true, cell: (item) => (item.policy ? <a href={hrefOf('policies', item.policy)}>{item.policy}</a> : 'none') },
    );
  }
  const empty = counted ? 'No key has been looked up yet.' : 'Keys are counted as soon as a policy is in force; there is none.';
  return <Table caption="Hot keys" columns={columns} rows={items} keyOf={(item) => item.key} empty={empty} />;
}

function Bounds({ item: { count: most, error } }: { item: HotKey }) {
  return (
    <>
      {count(most - error)} {error > 0 && <small>+ {count(error)}</small>}
    </>
  );
}

function inWords(minutes: readonly number[]): string {
  const [first = 0, last = 0] = [minutes[0], minutes.at(-2)];
  return `Lookups a minute: ${count(first)} 15 minutes ago, ${count(Math.max(...minutes))} at most, ${count(last)} in the last full one`;
}
