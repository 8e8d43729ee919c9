import { expect, it } from 'vitest';
import { nextIndex } from './chart_keys';
import { stack } from './stack';

it('a stack adds up what is below and keeps gaps', () => {
  const one = { label: 'a', color: '', values: [1, null, 3] };
  const other = { label: 'b', color: '', values: [10, null, 30] };
  expect(stack([one, other])).toEqual([
    [1, null, 3],
    [11, null, 33],
  ]);
});

it('arrow keys start at the end and stop at both ends', () => {
  expect(nextIndex('ArrowLeft', undefined, 5)).toBe(4);
  expect(nextIndex('ArrowLeft', 0, 5)).toBe(0);
  expect(nextIndex('ArrowRight', 4, 5)).toBe(4);
  expect(nextIndex('Home', 3, 5)).toBe(0);
  expect(nextIndex('Tab', 3, 5)).toBeUndefined();
});
