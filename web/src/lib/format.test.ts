import { describe, expect, it } from 'vitest';
import { ago, bytes, clock, count, percent, plural, rate, span } from './format';

const thin = '\u202f';

describe('count', () => {
  it('groups digits and shortens from 100,000 on', () => {
    expect(count(999)).toBe('999');
    expect(count(4210)).toBe(`4${thin}210`);
    expect(count(99_999)).toBe(`99${thin}999`);
    expect(count(123_456)).toBe('123 k');
    expect(count(1_000_000)).toBe('1 M');
  });
  it('says what is not known', () => {
    expect(count(null)).toBe('–');
    expect(count(NaN)).toBe('–');
  });
});

describe('percent', () => {
  it('never rounds up to all', () => {
    expect(percent(0.99996)).toBe('99.99 %');
    expect(percent(1)).toBe('100.0 %');
    expect(percent(undefined)).toBe('–');
  });
});

describe('span', () => {
  it('chooses the unit', () => {
    expect(span(0.00035)).toBe('350 µs');
    expect(span(0.0013)).toBe('1.3 ms');
    expect(span(0.25)).toBe('250 ms');
    expect(span(59.9)).toBe('59.9 s');
    expect(span(200)).toBe('3 min 20 s');
    expect(span(7500)).toBe('2 h 5 min');
    expect(span(273_600)).toBe('3 d 4 h');
  });
  it('leaves out a second unit that is zero', () => expect(span(3600)).toBe('1 h'));
});

it('rates keep decimals only where they are small', () => {
  expect(rate(0)).toBe('0/s');
  expect(rate(0.25)).toBe('0.25/s');
  expect(rate(8.94)).toBe('8.9/s');
  expect(rate(412.5)).toBe('413/s');
});

it('bytes are binary', () => {
  expect(bytes(1023)).toBe('1023 B');
  expect(bytes(1536)).toBe('1.5 KiB');
  expect(bytes(67_108_864)).toBe('64 MiB');
});

it('a day that is not today has its date', () => {
  const noon = new Date(2026, 10, 21, 12, 0, 5).getTime();
  expect(clock(noon, noon)).toBe('12:00:05');
  expect(clock(noon, noon + 86_400_000)).toBe('2026-11-21 12:00:05');
});

it('ago and plural', () => {
  expect(ago(1000, 1500)).toBe('now');
  expect(ago(0, 61_000)).toBe('1 min 1 s ago');
  expect(plural(1, 'key')).toBe('1 key');
  expect(plural(2, 'key')).toBe('2 keys');
});
