import { type ErrorCode, type Said, VisavisError } from './errors.ts';
import { GENERAL_KEYS } from './words.ts';

/**
 * Why something came about, as the database keeps it for readers of any language: name → the English words, which
 * are what logs and exports say. The message `reason-NAME` says the same in the reader's language; $1, $2 are
 * parameters.
 */
export const REASONS = {
  'taken-away': 'somebody took it off the file',
  changed: 'somebody changed it to name somebody else',
  'gone-before': 'it was not there any more',
  'page-redirect': 'its page leads to another file now',
  'file-gone': 'the file is not on the wiki any more',
  'item-deleted': 'the item $1 was deleted',
  'not-agreed': 'people do not agree about it any more',
  'known-as': 'the ledger has this person already, as $1',
  theirs: 'somebody else had recorded this person already',
  merged: '$1 was merged into $2, about which the ledger has a claim already',
  'owner-said-yes': 'taken out because an owner said yes to that',
  'undo-ended': 'the undo ended before it',
  'run-ended': 'the run ended in the middle of it',
  'person-blocked': 'the person is on the block list',
  'file-blocked': 'the file is on the block list',
  'other-program': 'WikiVisage wrote it; it is not ours to remove',
  'other-program-removed': 'WikiVisage wrote it, and somebody has removed it since',
  'run-taken-over': 'Taken over from WikiVisage.',
  'run-account-gone': 'Its account is not known here any more.',
  'run-stayed': 'Statements that could not be taken back: $1. The reason stands with each.',
  'picture-empty': 'the file is empty',
  'picture-kind': 'not a JPEG, PNG, GIF, WebP or TIFF picture',
  'picture-bytes': 'the picture is larger than $1 MB',
  'picture-pixels': 'the picture has more than $1 megapixels',
  'picture-frames': 'the picture has $1 frames or pages, more than $2',
  'picture-unpacks': 'the picture would unpack from $1 kB to $2 MB, as no photograph does',
  'picture-damaged': 'the picture is damaged or ends early ($1)',
  'picture-deadly': 'the picture ended the process that looks at it, $1 times (the last time: $2)',
  'picture-host': 'pictures are not fetched from this address',
  'picture-redirects': 'there are too many redirects on the way to the picture',
  'picture-missing': 'there is no picture there (HTTP $1)',
} as const satisfies Readonly<Record<string, string>>;

export type ReasonName = keyof typeof REASONS;

type Params = Said['params'];
type Translate = (key: string, ...params: Params) => string;

/** What a reason says: in English, and as a message; null: words from before messages were kept. */
export interface Reason {
  readonly text: string;
  readonly say: Said | null;
}

/** A reason as a text column keeps it: JSON. */
export function reason(name: ReasonName, params: Params = []): string {
  return keep(inEnglish(name, params), { key: `reason-${name}`, params });
}

/** The error that is kept as this reason where it sets something aside (`reasonOf`). */
export function reasonError(
  code: ErrorCode,
  name: ReasonName,
  params: Params = [],
  options: { cause?: unknown; details?: Record<string, unknown> } = {},
): VisavisError {
  return new VisavisError(code, inEnglish(name, params), {
    ...options,
    say: { key: `reason-${name}`, params },
  });
}

/** What went wrong, as a reason to keep. Errors without words for people keep their own for logs and administrators. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof VisavisError))
    return keep(error instanceof Error ? error.message : String(error), {
      key: 'error-internal',
      params: [],
    });
  const general = GENERAL_KEYS[error.code];
  const say = error.say ?? (general ? { key: general, params: [] } : null);
  return say ? keep(error.message, say) : error.message;
}

/** A kept reason; what was kept as plain words is shown as it is. */
export function readReason(kept: string): Reason {
  try {
    const read: unknown = JSON.parse(kept);
    if (isKept(read)) return { text: read.text, say: { key: read.key, params: read.params } };
  } catch {
    // Plain words.
  }
  return { text: kept, say: null };
}

/** A kept reason in the language of `t`. */
export function reasonWords(t: Translate, kept: string): string {
  const { text, say } = readReason(kept);
  return say ? t(say.key, ...say.params) : text;
}

/**
 * For administrators: where people are only told that something is out of order, also what it is, in English, as the
 * log says it.
 */
export function reasonInDetail(t: Translate, kept: string): string {
  const { text, say } = readReason(kept);
  if (!say) return text;
  const words = t(say.key, ...say.params);
  return Object.values(GENERAL_KEYS).includes(say.key) ? `${words} (${text})` : words;
}

function keep(text: string, { key, params }: Said): string {
  return JSON.stringify({ key, params, text });
}

function inEnglish(name: ReasonName, params: Params): string {
  return REASONS[name].replace(/\$(\d)/g, (_all, place: string) => String(params[Number(place) - 1] ?? ''));
}

function isKept(read: unknown): read is { key: string; params: Params; text: string } {
  if (typeof read !== 'object' || read === null) return false;
  const { key, params, text } = read as Record<string, unknown>;
  return typeof key === 'string' && Array.isArray(params) && typeof text === 'string';
}
