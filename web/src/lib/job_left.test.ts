import { expect, it } from 'vitest';
import type { Invalidation } from '../api/schema';
import { leftOf } from './job_left';

const job = (part: Partial<Invalidation>) => ({ state: 'running', progress: 0.25, seconds: 10, ...part }) as Invalidation;

it('what is left goes by what is done, and pauses do not count', () => {
  expect(leftOf(job({}))).toBe(30);
  expect(leftOf(job({ state: 'paused' }))).toBeUndefined();
  expect(leftOf(job({ progress: 0 }))).toBeUndefined();
  expect(leftOf(job({ progress: 1 }))).toBe(0);
});
