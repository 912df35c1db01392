/** Namespaces that the pocket wiki knows, by their canonical name. */
const NAMESPACES = {
  Special: -1,
  User: 2,
  File: 6,
  Category: 14,
  Item: 120,
  Property: 122,
} as const;

const BY_LOWER_CASE = new Map<string, keyof typeof NAMESPACES>(
  (Object.keys(NAMESPACES) as (keyof typeof NAMESPACES)[]).map((name) => [name.toLowerCase(), name]),
);
BY_LOWER_CASE.set('image', 'File');

export interface Title {
  ns: number;
  /** With namespace and spaces, such as `File:Practice team meeting 03.jpg`. */
  full: string;
  /** Without the namespace. */
  text: string;
}

/** Title as MediaWiki writes it: spaces for underscores, canonical namespace, first letter upper case. */
export function parseTitle(raw: string): Title {
  const clean = raw.replaceAll('_', ' ').replace(/\s+/g, ' ').trim();
  const colon = clean.indexOf(':');
  const namespace = colon > 0 ? BY_LOWER_CASE.get(clean.slice(0, colon).trim().toLowerCase()) : undefined;
  const text = capitalised(namespace === undefined ? clean : clean.slice(colon + 1).trim());
  if (namespace === undefined) return { ns: 0, full: text, text };
  return { ns: NAMESPACES[namespace], full: `${namespace}:${text}`, text };
}

/** The form that stands in addresses and in continue values: underscores for spaces. */
export function dbKey(text: string): string {
  return text.replaceAll(' ', '_');
}

/** Sort key of the upper-case collation, as in the continue values of categorymembers. */
export function sortKey(text: string): string {
  return Buffer.from(text.toUpperCase(), 'utf8').toString('hex');
}

function capitalised(text: string): string {
  const [first] = text;
  return first === undefined ? '' : first.toUpperCase() + text.slice(first.length);
}
