// Live data: asks again and again, one request at a time, and not at all while the page is hidden or the user has paused it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { createStore, useStore } from './store';

/** The user's pause button; it holds for every poll. */
export const paused = createStore(false);

export interface Polled<T> {
  data: T | undefined;
  error: unknown;
  /** Asks at once, even when paused. */
  refresh(): void;
}

/** Runs `task` every `interval` ms; its promise is awaited first. Returns what stops it and what runs it at once. */
export function startPoll(task: (signal: AbortSignal) => Promise<void>, interval: number): { stop(): void; now(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let again = false;
  const abort = new AbortController();
  const idle = () => document.hidden || paused.get();

  async function turn(): Promise<void> {
    clearTimeout(timer);
    if (running) {
      again = true;
      return;
    }
    running = true;
    again = false;
    await task(abort.signal).catch(() => undefined);
    running = false;
    if (abort.signal.aborted) return;
    if (again) void turn();
    else if (!idle()) timer = setTimeout(() => void turn(), interval);
  }
  const wake = () => {
    if (idle()) clearTimeout(timer);
    else void turn();
  };
  document.addEventListener('visibilitychange', wake);
  const unwatch = paused.watch(wake);
  void turn();
  return {
    now: () => void turn(),
    stop() {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', wake);
      unwatch();
    },
  };
}

/** Polls while the component is there; anew whenever `key` changes. The last good answer stays when a later one fails. */
export function usePoll<T>(ask: (signal: AbortSignal) => Promise<T>, interval: number, key: string = ''): Polled<T> {
  const [state, setState] = useState<{ key: string; data: T | undefined; error: unknown }>({ key, data: undefined, error: undefined });
  const latest = useRef(ask);
  latest.current = ask;
  const poll = useRef<{ now(): void }>();
  useEffect(() => {
    const running = startPoll(async (signal) => {
      try {
        const data = await latest.current(signal);
        if (!signal.aborted) setState({ key, data, error: undefined });
      } catch (error) {
        if (!signal.aborted) setState((old) => ({ key, data: old.key === key ? old.data : undefined, error }));
      }
    }, interval);
    poll.current = running;
    return running.stop;
  }, [interval, key]);
  const current = state.key === key ? state : { data: undefined, error: undefined };
  return { data: current.data, error: current.error, refresh: () => poll.current?.now() };
}

export function usePaused(): boolean {
  return useStore(paused);
}
