const OWN = 'http://own.invalid';

/**
 * Where to go after signing in: a path of ours, or `/`. Browsers read `\` as `/`, drop tabs and line ends,
 * and take `//host` for another site; whatever could become that, once decoded or resolved, is refused.
 */
export function safePath(wish: string): string {
  if (wish.length > 500 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(wish) || wish.includes('\\')) return '/';
  if (!URL.canParse(wish, OWN)) return '/';
  const url = new URL(wish, OWN);
  const decoded = decodeAll(url.pathname);
  if (url.origin !== OWN || decoded === null || /\/\/|[\\\p{Cc}]/u.test(decoded)) return '/';
  // Back to the sign-in would go round in circles.
  if (/^\/(sign-in|sign-out|oauth)(\/|$)/.test(url.pathname)) return '/';
  return url.pathname + url.search;
}

/** Decoded until nothing changes; null when it is no proper encoding. */
function decodeAll(text: string): string | null {
  let current = text;
  for (let round = 0; round < 5; round++) {
    let next: string;
    try {
      next = decodeURIComponent(current);
    } catch {
      return null;
    }
    if (next === current) return current;
    current = next;
  }
  return null;
}
