import { expect, it } from 'vitest';
import { hrefOf, parseRoute } from './router';

it('an empty fragment is the overview', () => expect(parseRoute('').page).toBe('overview'));

it('arguments go there and back whatever they hold', () => {
  const route = parseRoute(hrefOf('policies', 'a/b?c#d %', { x: '1&2' }));
  expect(route.page).toBe('policies');
  expect(route.argument).toBe('a/b?c#d %');
  expect(route.query.get('x')).toBe('1&2');
});

it('a broken escape is taken as it is', () => expect(parseRoute('#/jobs/%zz').argument).toBe('%zz'));
