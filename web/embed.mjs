// embed.mjs FILE.cc: writes the files of dist/, gzipped, as the table of sidecar/admin/web_files.h.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { gzip } from './gzip.mjs';

const kTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const dist = fileURLToPath(new URL('./dist/', import.meta.url));

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function rowsOf(data) {
  const rows = [];
  for (let at = 0; at < data.length; at += 32) rows.push(`    ${[...data.subarray(at, at + 32)].join(',')},`);
  return rows.join('\n');
}

const arrays = [];
const entries = [];
for (const [index, path] of filesBelow(dist).sort().entries()) {
  const content = readFileSync(path);
  const type = kTypes[extname(path)];
  if (!type) throw new Error(`no content type for ${path}`);
  const name = relative(dist, path);
  const tag = createHash('sha256').update(content).digest('hex').slice(0, 20);
  arrays.push(`// ${name}\nconstexpr unsigned char kBytes${index}[] = {\n${rowsOf(gzip(content))}\n};\n`);
  entries.push(`      {"${name}", "${type}", "gzip", "\\"${tag}\\"", ${name.startsWith('assets/')}, View(kBytes${index})},\n`);
}
if (!entries.some((entry) => entry.includes('"index.html"'))) throw new Error('dist/ has no index.html');

writeFileSync(
  process.argv[2],
  `// Written by web/embed.mjs from web/dist; do not edit.
#include <cstddef>

#include "sidecar/admin/web_files.h"

namespace herdgate::admin {
namespace {

${arrays.join('\n')}
template <std::size_t kSize>
std::string_view View(const unsigned char (&bytes)[kSize]) {
  return {reinterpret_cast<const char*>(bytes), kSize};
}

}  // namespace

std::span<const WebFile> WebFiles() {
  static const WebFile files[] = {
${entries.join('')}  };
  return files;
}

}  // namespace herdgate::admin
`,
);
