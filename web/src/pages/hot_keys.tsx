import { get } from '../api/client';
import { useSnapshot } from '../lib/live';
import { usePoll } from '../lib/poll';
import { HotKeyTable } from '../ui/hot_key_table';
import { Loading, Panel } from '../ui/parts';

export function HotKeys() {
  const { data, error } = usePoll((signal) => get('ListHotKeys', 'hot-keys', signal), 2000);
  const lookups = useSnapshot()?.rates?.lookups ?? 0;
  if (!data) return <Loading error={error} />;
  return (
    <Panel title="The keys that this pod is asked for most" note="Counted from the traffic; nothing is scanned. The end of each line is the present minute.">
      <HotKeyTable items={data.items} counted={data.keys_counted} lookups={lookups} />
    </Panel>
  );
}
