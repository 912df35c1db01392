import { parseOrigin } from './parse.ts';
import type { OriginRules } from './rules.ts';

/** The parts of a kept value that matching looks at. */
interface Parts {
  readonly origin: string;
  readonly path: string;
}

/**
 * Does `wide` match everything that `narrow` matches? Both are accepted values. (CSP3, "path-part matches": a path
 * that ends in a slash is a prefix, any other exact, none is everything.)
 */
export function covers(wide: string, narrow: string): boolean {
  const [a, b] = [split(wide), split(narrow)];
  if (a.origin !== b.origin) return false;
  if (a.path === '' || a.path === b.path) return true;
  return a.path.endsWith('/') && b.path.startsWith(a.path);
}

/** Would the browser load this address when the accepted value is in the list? The query is not looked at. */
export function matches(value: string, url: URL): boolean {
  const { origin, path } = split(value);
  if (url.origin === 'null' ? `${url.protocol}//${url.host}` !== origin : url.origin !== origin) return false;
  if (path === '') return true;
  return path.endsWith('/') ? url.pathname.startsWith(path) : url.pathname === path;
}

/** Rows that are still what they were accepted as, in their order; and the others. */
export function checkAgain(
  values: readonly string[],
  rules: OriginRules,
): { readonly sound: readonly string[]; readonly unsound: readonly string[] } {
  const isSound = (value: string) => {
    const again = parseOrigin(value, rules);
    return again.ok && again.value === value;
  };
  return { sound: values.filter(isSound), unsound: values.filter((value) => !isSound(value)) };
}

function split(value: string): Parts {
  const [, origin = value, path = ''] = /^([a-z]+:\/\/[^/]*)(.*)$/s.exec(value) ?? [];
  return { origin, path };
}
