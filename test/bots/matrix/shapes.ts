/**
 * Where two JSON values differ in their keys and types; values are not compared. `recorded` is what a current
 * homeserver and a bot said to each other, `here` is ours.
 * @returns lines like `content.body: only here`, `age: number recorded, string here`
 */
export function differences(recorded: unknown, here: unknown, path = ''): string[] {
  const [was, is] = [typeOf(recorded), typeOf(here)];
  if (was !== is) return [`${path}: ${was} recorded, ${is} here`];
  if (was === 'array') return listDifferences(recorded as unknown[], here as unknown[], path);
  if (was !== 'object') return [];
  const [left, right] = [named(recorded as object), named(here as object)];
  return [...new Set([...left.keys(), ...right.keys()])].sort().flatMap((key) => {
    const at = path === '' ? key : `${path}.${key}`;
    if (!right.has(key)) return [`${at}: only recorded`];
    if (!left.has(key)) return [`${at}: only here`];
    return differences(left.get(key), right.get(key), at);
  });
}

/** Ids in a path are replaced by what they name, so that two paths can be compared. */
export function template(path: string): string {
  return path
    .split('/')
    .map((part) => {
      const text = decodeURIComponent(part);
      if (/^\d+__inc\d+$|^[\w-]{32}$/.test(text)) return '{transaction}';
      return NAMES[text[0] ?? ''] ?? part;
    })
    .join('/');
}

const NAMES: Readonly<Record<string, string>> = { '!': '{room}', $: '{event}', '@': '{user}' };

/** Keys that are ids count as one. */
function named(value: object): Map<string, unknown> {
  return new Map(Object.entries(value).map(([key, one]) => [NAMES[key[0] ?? ''] ?? key, one]));
}

/** Each is compared with the one of its kind that is most like it; of a kind that was not recorded nothing is said. */
function listDifferences(recorded: unknown[], here: unknown[], path: string): string[] {
  const kind = (one: unknown) => (one as { type?: unknown } | null)?.type;
  return here.flatMap((one, i) => {
    const found = recorded
      .filter((other) => kind(other) === kind(one))
      .map((other) => differences(other, one, `${path}[${kind(one) ?? i}]`));
    return found.toSorted((x, y) => x.length - y.length)[0] ?? [];
  });
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}
