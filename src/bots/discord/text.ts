/** Plain text as Discord's markdown shows it: nothing in it is bold, a link, a mention or a heading. */
export function escapeText(plain: string): string {
  return cleanText(plain)
    .replace(/[\\*_~`|[\]<>@#]/g, '\\$&')
    .replace(/:(?=\/\/)/g, '\\:')
    .replace(/^(\s*)([-+])/gm, '$1\\$2')
    .replace(/^(\s*\d+)\./gm, '$1\\.');
}

/** Control characters, and those that turn the direction of everything after them, are left out. */
export function cleanText(plain: string): string {
  return plain
    .replace(/\p{Cc}/gu, (one) => (one === '\n' ? one : ' '))
    .replace(/[\u{202A}-\u{202E}\u{2066}-\u{2069}]/gu, '');
}

/**
 * Text that is no longer than Discord takes, shortened at the end of a word with an ellipsis.
 * @param limit of what `write` makes of it, which is what Discord counts
 */
export function fitText(plain: string, limit: number, write: (text: string) => string = cleanText): string {
  let room = limit;
  for (;;) {
    const written = write(shortenText(plain, room));
    if (written.length <= limit || room <= 0) return written.slice(0, Math.max(0, limit));
    room = Math.min(room, plain.length) - (written.length - limit);
  }
}

function shortenText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  if (limit <= 0) return '';
  const cut = text.slice(0, limit - 1).replace(/\p{Cs}$/u, '');
  const end = cut.search(/\s+\S*$/);
  // A single long word has no better place.
  return `${(end > limit / 2 ? cut.slice(0, end) : cut).trimEnd()}…`;
}

/** A link with words of its own. Parentheses and spaces would end the address. */
export function maskedLink(text: string, url: string): string {
  const address = new URL(url).href.replace(/[()<>\s]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  return `[${escapeText(text)}](${address})`;
}
