/** Values that clients act upon are compared letter by letter; of everything else only the kind counts. */
const LITERAL: ReadonlySet<string> = new Set([
  'batchcomplete',
  'code',
  'datatype',
  'entity-type',
  'error',
  'missing',
  'rank',
  'snaktype',
  'success',
  'token_type',
  'type',
]);

/** Objects whose keys are names of things, not of fields: which things there are differs from wiki to wiki. */
const MAPS: ReadonlySet<string> = new Set(['ratelimits', 'edit', 'labels', 'descriptions', 'aliases']);

/**
 * The shape of an answer as one line: field names in order, ids replaced by a star, each different entry of a list
 * once. Two answers with the same shape are read by the same code.
 */
export function shapeOf(value: unknown, key = '', parent = ''): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${distinct(value.map((entry) => shapeOf(entry, key, parent)))}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value);
    if (entries.length === 0) return '{}';
    if (key === 'extmetadata')
      return `{*:{${distinct(entries.flatMap(([, entry]) => Object.keys(entry ?? {}).filter((field) => field !== 'hidden')))}}}`;
    if (MAPS.has(key) || entries.every(([name]) => isId(name))) {
      return `{*:${distinct(entries.map(([, entry]) => shapeOf(entry, '*', key)))}}`;
    }
    const fields = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([name, entry]) => `${name}:${shapeOf(entry, name, key)}`).join(',')}}`;
  }
  if (key === 'hint')
    return JSON.stringify(
      String(value)
        .replace(/^Client \S+/, 'Client *')
        .replace(/\d+$/, '*'),
    );
  if (LITERAL.has(key) || (key === 'name' && parent === 'messages')) return JSON.stringify(value);
  return typeof value;
}

function isId(name: string): boolean {
  return /^-?\d+$|^[MPQ]\d+$/.test(name);
}

function distinct(shapes: readonly string[]): string {
  return [...new Set(shapes)].toSorted().join('|');
}
