// Writes src/api/schema.ts from the API's OpenAPI file; `--check` only compares. Knows what that file uses and refuses what it doesn't.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = process.env.HERDGATE_OPENAPI ?? fileURLToPath(new URL('../../sidecar/admin/openapi.json', import.meta.url));
const target = fileURLToPath(new URL('../src/api/schema.ts', import.meta.url));

function typeOf(schema, indent) {
  if (schema.$ref) return schema.$ref.replace('#/components/schemas/', '');
  if (schema.allOf) return schema.allOf.map((part) => typeOf(part, indent)).join(' & ');
  if (schema.oneOf) return schema.oneOf.map((part) => typeOf(part, indent)).join(' | ');
  if (schema.enum) return schema.enum.map((value) => (value === null ? 'null' : `'${value}'`)).join(' | ');
  if (schema.type === undefined) return 'unknown';
  return [schema.type].flat().map((type) => plainType(type, schema, indent)).join(' | ');
}

function plainType(type, schema, indent) {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return arrayOf(typeOf(schema.items, indent));
    case 'object':
      return objectOf(schema, indent);
    default:
      throw new Error(`no TypeScript for ${JSON.stringify(schema)}`);
  }
}

function arrayOf(item) {
  return /[|&]/.test(item.replace(/\{[^]*\}/, '')) ? `(${item})[]` : `${item}[]`;
}

function objectOf(schema, indent) {
  const entries = Object.entries(schema.properties ?? {});
  if (entries.length === 0) {
    const value = typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties, indent) : 'unknown';
    return `Record<string, ${value}>`;
  }
  const inline = `{ ${entries.map(([name, value]) => member(name, value, schema, '')).join('; ')} }`;
  if (!entries.some(([, value]) => value.description) && !inline.includes('\n') && inline.length < 160) return inline;
  const inner = `${indent}  `;
  const lines = entries.map(([name, value]) => `${inner}${member(name, value, schema, inner)};${value.description ? ` // ${value.description}` : ''}\n`);
  return `{\n${lines.join('')}${indent}}`;
}

function member(name, value, schema, indent) {
  return `${name}${schema.required?.includes(name) ? '' : '?'}: ${typeOf(value, indent)}`;
}

function remark(text, end) {
  return text ? `/** ${text} */${end}` : '';
}

function answersOf(paths) {
  const lines = [];
  for (const operations of Object.values(paths)) {
    for (const operation of Object.values(operations)) {
      const ok = Object.entries(operation.responses ?? {}).find(([status]) => status.startsWith('2'))?.[1];
      const schema = ok?.content?.['application/json']?.schema;
      if (schema) lines.push(`  ${operation.operationId}: ${typeOf(schema, '  ')};\n`);
    }
  }
  return lines.join('');
}

const api = JSON.parse(readFileSync(source, 'utf8'));
let text = '// Written by dev/types.mjs from sidecar/admin/openapi.json; do not edit.\n';
for (const [name, schema] of Object.entries(api.components.schemas)) {
  text += `\n${remark(schema.description, '\n')}export type ${name} = ${typeOf(schema, '')};\n`;
}
text += `\n/** What each operation answers with. */\nexport interface Answers {\n${answersOf(api.paths)}}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('src/api/schema.ts is not what dev/types.mjs writes: run `npm run types`');
  process.exit(1);
}
