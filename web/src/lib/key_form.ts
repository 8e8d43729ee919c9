// Between the API's form of a key and what people read and type.
import type { Key } from '../api/schema';
import { base64FromBytes, bytesFromBase64, escapeBytes, escapeText, parseEscaped, textFromBytes } from './keys';

export interface KeyInput {
  key: string;
  encoding: 'utf8' | 'base64';
}

export function shownKey(key: Pick<Key, 'key' | 'encoding'>): string {
  return key.encoding === 'base64' ? escapeBytes(bytesFromBase64(key.key)) : escapeText(key.key);
}

/** What was typed, as the API takes it; undefined where an escape is wrong or nothing is left. */
export function typedKey(text: string): KeyInput | undefined {
  const bytes = parseEscaped(text);
  if (!bytes || bytes.length === 0) return undefined;
  const plain = textFromBytes(bytes);
  if (plain === undefined || /[\u0000-\u001f\u007f]/.test(plain)) return { key: base64FromBytes(bytes), encoding: 'base64' };
  return { key: plain, encoding: 'utf8' };
}
