import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { paused, startPoll } from './poll';

let hidden = false;
let listeners: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  hidden = false;
  listeners = [];
  vi.stubGlobal('document', {
    get hidden() {
      return hidden;
    },
    addEventListener: (_type: string, listener: () => void) => listeners.push(listener),
    removeEventListener: (_type: string, listener: () => void) => (listeners = listeners.filter((one) => one !== listener)),
  });
});

afterEach(() => {
  paused.set(false);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function hide(value: boolean): void {
  hidden = value;
  for (const listener of listeners) listener();
}

it('asks at once and then each interval', async () => {
  const task = vi.fn(async () => undefined);
  const poll = startPoll(task, 1000);
  await vi.advanceTimersByTimeAsync(3500);
  expect(task).toHaveBeenCalledTimes(4);
  poll.stop();
  await vi.advanceTimersByTimeAsync(5000);
  expect(task).toHaveBeenCalledTimes(4);
  expect(listeners).toHaveLength(0);
});

it('rests while the page is hidden and asks at once when it is back', async () => {
  const task = vi.fn(async () => undefined);
  const poll = startPoll(task, 1000);
  await vi.advanceTimersByTimeAsync(0);
  hide(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(task).toHaveBeenCalledTimes(1);
  hide(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(task).toHaveBeenCalledTimes(2);
  poll.stop();
});

it('rests while paused, but asks when told to', async () => {
  const task = vi.fn(async () => undefined);
  const poll = startPoll(task, 1000);
  await vi.advanceTimersByTimeAsync(0);
  paused.set(true);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(task).toHaveBeenCalledTimes(1);
  poll.now();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(task).toHaveBeenCalledTimes(2);
  poll.stop();
});

it('has one request under way at a time, however slow, and survives one that fails', async () => {
  let running = 0;
  let most = 0;
  const task = vi.fn(async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    --running;
    throw new Error('no answer');
  });
  const poll = startPoll(task, 1000);
  await vi.advanceTimersByTimeAsync(2000);
  poll.now();
  poll.now();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(most).toBe(1);
  expect(task.mock.calls.length).toBeGreaterThanOrEqual(4);
  poll.stop();
});
