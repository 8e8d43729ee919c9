// Redis keys are bytes. A key is shown as one line of printable text that says which bytes it is, and typed in the same form:
// \xNN is a byte, \n \r \t and \\ are what they are elsewhere, all else is UTF-8.

const kInvisible = /[\p{C}\p{Z}]/u;
const kShortEscapes: Record<number, string> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

/** What is shown of these bytes. Two keys that differ are never shown alike; nothing in it can turn or hide the text around it. */
export function escapeBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    const piece = bytes.subarray(at, at + Math.max(1, length));
    text += length === 0 ? hex(piece) : escapeCharacter(piece);
    at += piece.length;
  }
  return text;
}

export function escapeText(text: string): string {
  return escapeBytes(new TextEncoder().encode(text));
}

/** The bytes of what a person typed, or undefined if an escape in it is none. */
export function parseEscaped(text: string): Uint8Array | undefined {
  const out: number[] = [];
  const encoder = new TextEncoder();
  const pattern = /\\x([0-9a-fA-F]{2})|\\([nrt\\])|(\\)|([^\\]+)/g;
  for (const [, byte, short, bad, plain] of text.matchAll(pattern)) {
    if (bad !== undefined) return undefined;
    if (byte !== undefined) out.push(parseInt(byte, 16));
    else if (short !== undefined) out.push({ n: 10, r: 13, t: 9, '\\': 92 }[short] ?? 0);
    else out.push(...encoder.encode(plain));
  }
  return Uint8Array.from(out);
}

/** Cuts in the middle, where keys of a family differ least; never inside an escape. */
export function cutMiddle(text: string, most: number): string {
  const pieces = text.match(/\\x[0-9a-f]{2}|\\.|[^\\]/gsu) ?? [];
  if (pieces.length <= most) return text;
  const tail = Math.floor((most - 1) / 2);
  return `${pieces.slice(0, most - 1 - tail).join('')}…${pieces.slice(pieces.length - tail).join('')}`;
}

export function bytesFromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function base64FromBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The text of these bytes if they are UTF-8. */
export function textFromBytes(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

// How many bytes the UTF-8 character at `at` has; 0 if there is none.
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  return length > 0 && textFromBytes(bytes.subarray(at, at + length)) !== undefined && at + length <= bytes.length ? length : 0;
}

function escapeCharacter(piece: Uint8Array): string {
  const short = piece.length === 1 ? kShortEscapes[piece[0] ?? 0] : undefined;
  if (short) return short;
  const text = textFromBytes(piece) ?? '';
  return text !== ' ' && kInvisible.test(text) ? hex(piece) : text;
}

function hex(piece: Uint8Array): string {
  return Array.from(piece, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
