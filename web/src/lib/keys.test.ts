import { describe, expect, it } from 'vitest';
import { base64FromBytes, bytesFromBase64, cutMiddle, escapeBytes, escapeText, parseEscaped } from './keys';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('escapeBytes', () => {
  it('shows each byte that is no text', () => expect(escapeBytes(bytes(0x75, 0x00, 0xff, 0x0a, 0x41))).toBe('u\\x00\\xff\\nA'));
  it('keeps text of any script', () => expect(escapeText('user:名前:é')).toBe('user:名前:é'));
  it('takes apart what is cut inside a character', () => expect(escapeBytes(bytes(0x41, 0xe5, 0x90))).toBe('A\\xe5\\x90'));
  it('refuses overlong forms and surrogates', () => {
    expect(escapeBytes(bytes(0xc0, 0x80))).toBe('\\xc0\\x80');
    expect(escapeBytes(bytes(0xed, 0xa0, 0x80))).toBe('\\xed\\xa0\\x80');
  });
  it('disarms what turns or hides text', () => {
    expect(escapeText('a\u202eb')).toBe('a\\xe2\\x80\\xaeb');
    expect(escapeText('a\u200bb')).toBe('a\\xe2\\x80\\x8bb');
    expect(escapeText('a\u00a0b')).toBe('a\\xc2\\xa0b');
    expect(escapeText('a\ufeffb')).toBe('a\\xef\\xbb\\xbfb');
  });
  it('shows a backslash as two, so that no two keys look alike', () => expect(escapeText('a\\x00')).toBe('a\\\\x00'));
});

describe('parseEscaped', () => {
  it('undoes escapeBytes for every byte', () => {
    const all = Uint8Array.from({ length: 512 }, (_none, index) => (index < 256 ? index : 511 - index));
    expect(parseEscaped(escapeBytes(all))).toEqual(all);
  });
  it('refuses what is no escape', () => {
    expect(parseEscaped('a\\q')).toBeUndefined();
    expect(parseEscaped('a\\x1')).toBeUndefined();
    expect(parseEscaped('a\\')).toBeUndefined();
  });
});

describe('cutMiddle', () => {
  it('keeps both ends', () => {
    expect(cutMiddle('abcdefghij', 7)).toBe('abc…hij');
    expect(cutMiddle('abcdefghij', 10)).toBe('abcdefghij');
  });
  it('never cuts an escape', () => expect(cutMiddle('\\x00\\x01\\x02\\x03\\x04', 3)).toBe('\\x00…\\x04'));
});

it('base64 goes both ways', () => {
  const some = bytes(0, 255, 128, 10);
  expect(bytesFromBase64(base64FromBytes(some))).toEqual(some);
});
