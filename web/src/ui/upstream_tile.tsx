import type { Snapshot, Upstream } from '../api/schema';
import { bytes, span } from '../lib/format';
import { Badge, Tile, type Tone } from './parts';

export function upstreamState(upstream: Upstream): { tone: Tone; text: string } {
  if (upstream.breaker.state === 'open') return { tone: 'bad', text: 'Breaker open' };
  if (upstream.breaker.state === 'half_open') return { tone: 'warn', text: 'Trying again' };
  if (!upstream.connected) return upstream.ever_connected ? { tone: 'bad', text: 'Not connected' } : { tone: 'warn', text: 'Not connected yet' };
  return { tone: 'good', text: 'Up' };
}

export function UpstreamTile({ snapshot }: { snapshot: Snapshot }) {
  const { upstream, near } = snapshot;
  const { tone, text } = upstreamState(upstream);
  return (
    <Tile
      label="Upstream"
      class="strip"
      tone={tone}
      value={<Badge tone={tone}>{text}</Badge>}
      detail={
        <>
          {upstream.error || `for ${span(Math.round(upstream.for_seconds))}; breaker ${upstream.breaker.state.replace('_', ' ')}`}
          <br class="break" />
          <span class="between"> · </span>
          {near.mode === 'off' ? 'near cache off' : `near cache ${near.mode}, ${bytes(near.bytes)} of ${bytes(near.max_bytes)}`}
        </>
      }
      hint={upstream.url}
    />
  );
}
