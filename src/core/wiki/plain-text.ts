/**
 * The text that a reader of the HTML would see, on one line and cut to `maxLength`. For the author and
 * licence of a photo, which come as whatever HTML somebody wrote on the file page. What comes out is plain
 * text, so it may hold `<` again: whoever shows it escapes it.
 */
export function plainText(html: string, maxLength: number = 300): string {
  const text = decodeEntities(visibleText(html.slice(0, MAX_INPUT)))
    // Control characters, and the marks that turn the direction of the text around them.
    .replace(/[\p{Cc}\u200b\u202a-\u202e\u2066-\u2069\ufeff]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const letters = Array.from(text);
  if (letters.length <= maxLength) return text;
  const beginning = letters.slice(0, maxLength - 1).join('');
  return `${beginning.trimEnd()}…`;
}

/** Nobody needs more of a byline; bounds the work. */
const MAX_INPUT = 20_000;

/** Elements that show nothing (HTML, 15.3.1), and those without an end tag. */
const UNSEEN = new Set(['script', 'style', 'template', 'noscript', 'title', 'head']);
const VOID = new Set(['br', 'hr', 'img', 'input', 'link', 'meta', 'wbr', 'area', 'col', 'embed', 'source']);
const INLINE = new Set(['a', 'abbr', 'b', 'bdi', 'bdo', 'big', 'code', 'em', 'font', 'i', 'small', 'span']);

/** The text between the tags. Commons templates repeat names in `display: none` for machines: left out. */
function visibleText(html: string): string {
  let text = '';
  let position = 0;
  let hidden: { readonly name: string; depth: number } | null = null;
  while (position < html.length) {
    const opening = html.indexOf('<', position);
    if (!hidden) text += html.slice(position, opening === -1 ? html.length : opening);
    if (opening === -1) break;

    const tag = readTag(html, opening);
    position = tag.end;
    if (hidden) {
      if (tag.name === hidden.name && tag.kind !== 'other') hidden.depth += tag.kind === 'end' ? -1 : 1;
      if (hidden.depth === 0) hidden = null;
    } else if (tag.kind === 'text') {
      text += '<';
    } else {
      if (!INLINE.has(tag.name)) text += ' ';
      if (tag.kind === 'start' && isHidden(tag.name, tag.attributes)) hidden = { name: tag.name, depth: 1 };
    }
  }
  return text;
}

interface Tag {
  /** text: no tag at all, as in `a < b`. other: a comment, a declaration, an element without an end tag. */
  readonly kind: 'start' | 'end' | 'other' | 'text';
  /** Lower case. */
  readonly name: string;
  readonly attributes: string;
  /** Where the text goes on. An unfinished tag reaches to the end. */
  readonly end: number;
}

/** By hand and in one pass (HTML, 13.2.5.6): a regular expression for this can be made to run for minutes. */
function readTag(html: string, at: number): Tag {
  if (html.startsWith('<!--', at)) {
    const close = html.indexOf('-->', at + 4);
    return { kind: 'other', name: '', attributes: '', end: close === -1 ? html.length : close + 3 };
  }
  const [, mark = '', letter = ''] = /^<([/!?]?)([a-zA-Z]?)/.exec(html.slice(at, at + 3)) ?? [];
  if (mark === '' && letter === '') return { kind: 'text', name: '', attributes: '', end: at + 1 };
  let quote = '';
  let end = at + 1;
  while (end < html.length && (quote !== '' || html[end] !== '>')) {
    const character = html[end] ?? '';
    if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
    end += 1;
  }
  const inside = html.slice(at + 1 + mark.length, end);
  const name = inside.slice(0, inside.search(/[\s/]|$/)).toLowerCase();
  const attributes = inside.slice(name.length);
  const element = VOID.has(name) || attributes.endsWith('/') ? 'other' : mark === '/' ? 'end' : 'start';
  return { kind: mark === '' || mark === '/' ? element : 'other', name, attributes, end: end + 1 };
}

function isHidden(name: string, attributes: string): boolean {
  return (
    UNSEEN.has(name) || /display\s*:\s*none/i.test(attributes) || /(^|\s)hidden(\s|=|$)/i.test(attributes)
  );
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  ndash: '–',
  mdash: '—',
  hellip: '…',
};

/** One pass, so that `&amp;lt;` becomes `&lt;` and no more. Unknown names stay as they are. */
function decodeEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]{2,8}));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    const valid = point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    return valid ? String.fromCodePoint(point) : ' ';
  });
}
