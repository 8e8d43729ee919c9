// The snapshot: polled once for the whole UI, each second.
import { get, type ApiError } from '../api/client';
import type { Scope, Snapshot } from '../api/schema';
import { record } from './history';
import { startPoll } from './poll';
import { createStore, useStore } from './store';

export interface Live {
  snapshot: Snapshot | undefined;
  /** Why the last poll failed, and since when (ms) polls have. */
  error: ApiError | undefined;
  since: number;
}

export const live = createStore<Live>({ snapshot: undefined, error: undefined, since: 0 });

let poll: { now(): void } | undefined;

export function startLive(): void {
  poll = startPoll(async (signal) => {
    try {
      const snapshot = await get('GetSnapshot', 'snapshot', signal);
      record(snapshot);
      live.set({ snapshot, error: undefined, since: 0 });
    } catch (error) {
      const old = live.get();
      live.set({ snapshot: old.snapshot, error: error as ApiError, since: old.since || Date.now() });
    }
  }, 1000);
}

/** Asks at once, as after a change. */
export function refreshLive(): void {
  poll?.now();
}

/** The last good snapshot is kept when polls fail, but not what a token allowed that is no longer accepted. */
export function forgetLive(): void {
  live.set({ snapshot: undefined, error: undefined, since: 0 });
  refreshLive();
}

export function useSnapshot(): Snapshot | undefined {
  return useStore(live).snapshot;
}

/** Why this caller may not do what needs the scope; undefined: they may. The server decides, this only says so first. */
export function useRefusal(scope: Scope): string | undefined {
  const caller = useSnapshot()?.caller;
  if (!caller) return 'Not connected.';
  if (caller.scopes.includes(scope)) return undefined;
  if (!caller.tokens_configured) return 'Read-only: this sidecar has no tokens file.';
  return `Read-only: ${caller.name ? `the token “${caller.name}”` : 'this token'} lacks the scope ${scope}.`;
}
