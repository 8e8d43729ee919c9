// A RESP2 client: as much of Redis' protocol as an app behind the sidecar needs here.
import { createConnection } from 'node:net';

const kEnd = Buffer.from('\r\n');

/** The reply at `at` and where it ends; undefined: not all of it is there yet. */
function parse(data, at) {
  const end = data.indexOf(kEnd, at);
  if (end < 0) return undefined;
  const text = data.toString('latin1', at + 1, end);
  const next = end + 2;
  switch (data[at]) {
    case 43: // +
      return [text, next];
    case 45: // -
      return [new Error(text), next];
    case 58: // :
      return [Number(text), next];
    case 36: // $
      return bulk(data, Number(text), next);
    default:
      return list(data, Number(text), next);
  }
}

function bulk(data, length, at) {
  if (length < 0) return [null, at];
  return data.length >= at + length + 2 ? [data.subarray(at, at + length), at + length + 2] : undefined;
}

function list(data, length, at) {
  const items = [];
  for (let left = length; left > 0; --left) {
    const item = parse(data, at);
    if (!item) return undefined;
    items.push(item[0]);
    at = item[1];
  }
  return [length < 0 ? null : items, at];
}

export class Client {
  #socket;
  #waiting = [];
  #data = Buffer.alloc(0);

  /** `where`: { port } or { path }. */
  static connect(where) {
    return new Promise((resolve, reject) => {
      const socket = createConnection(where.path ? where : { host: '127.0.0.1', ...where });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Client(socket)));
    });
  }

  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (more) => this.#take(more));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#fail());
  }

  /** Resolves to the reply; rejects where that is an error or the connection ends. */
  do(...words) {
    if (this.#socket.destroyed) return Promise.reject(new Error('closed'));
    const parts = [Buffer.from(`*${words.length}\r\n`)];
    for (const word of words) {
      const bytes = Buffer.isBuffer(word) ? word : Buffer.from(String(word));
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, kEnd);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(Buffer.concat(parts));
    });
  }

  close() {
    this.#socket.destroy();
  }

  get closed() {
    return this.#socket.destroyed;
  }

  #take(more) {
    this.#data = this.#data.length > 0 ? Buffer.concat([this.#data, more]) : more;
    let at = 0;
    for (let reply = parse(this.#data, at); at < this.#data.length && reply; reply = parse(this.#data, at)) {
      at = reply[1];
      const { resolve, reject } = this.#waiting.shift();
      if (reply[0] instanceof Error) reject(reply[0]);
      else resolve(reply[0]);
    }
    this.#data = this.#data.subarray(at);
  }

  #fail() {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('closed'));
  }
}
