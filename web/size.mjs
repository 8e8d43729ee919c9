// The whole UI as the sidecar serves it, each file gzipped by itself, in at most 60 kB and six requests; no source maps, nothing from elsewhere.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { gzip } from './gzip.mjs';

const kMost = 60_000;
const dist = fileURLToPath(new URL('./dist/', import.meta.url));
const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
let sum = 0;
for (const entry of files) {
  const data = readFileSync(`${entry.parentPath ?? entry.path}/${entry.name}`);
  const size = gzip(data).length;
  sum += size;
  console.log(`${String(size).padStart(7)}  ${entry.name}`);
}
console.log(`${String(sum).padStart(7)}  of ${kMost} bytes, ${files.length} files`);
if (sum > kMost || files.length > 6 || files.some(({ name }) => name.endsWith('.map'))) process.exit(1);
