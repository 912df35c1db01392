import { VisavisError } from '../platform/errors.ts';
import type { FailedAttempt } from './attempt.ts';
import { ruleFor, type WikiErrorKind } from './retry.ts';

/**
 * What became of the statement that a failed write was about. unknown: an answer was lost, so it may stand
 * on the wiki; read the entity, or repeat with the same statement id.
 */
export type StatementFate = 'not_sent' | 'refused' | 'unknown';

/** `details` of every VisavisError with code `wiki`. */
export interface WikiErrorDetails extends Record<string, unknown> {
  readonly kind: WikiErrorKind;
  /** Every code of the answer, the API's and the messages'; ours in capitals (`retry.ts`). */
  readonly codes: readonly string[];
  readonly statement: StatementFate;
  /** How long the wiki asked us to wait, in milliseconds, when that was longer than the time we had. */
  readonly retryAfterMs?: number;
}

/** The details of a wiki error, or null for anything else. */
export function wikiErrorDetails(error: unknown): WikiErrorDetails | null {
  return error instanceof VisavisError && error.code === 'wiki' ? (error.details as WikiErrorDetails) : null;
}

export function wikiError(
  message: string,
  details: WikiErrorDetails,
  options: { cause?: unknown; words?: string } = {},
): VisavisError {
  const { cause, words } = options;
  const code = details.codes[0] ?? '?';
  const own = Object.hasOwn(OWN_WORDS, code)
    ? { key: `error-wiki-${code}`, params: [] }
    : {
        key: details.kind === 'later' ? 'error-wiki-later' : 'error-wiki-refused',
        params: [words ? `${words}, ${code}` : code],
      };
  // A link that is broken, say, has words of its own.
  const say = (cause instanceof VisavisError ? cause.say : null) ?? own;
  return new VisavisError('wiki', message, { ...(cause === undefined ? {} : { cause }), details, say });
}

/** The error that callers see, with the wiki's own words. */
export function errorFromAttempt(failure: FailedAttempt, statement: StatementFate): VisavisError {
  const { rule, code } = ruleFor(failure.codes);
  const said = code === 'failed-save' ? undefined : failure.texts.get(code);
  const words = said ?? firstReason(failure.texts) ?? OWN_WORDS[code];
  return wikiError(
    words ? `The wiki said: ${shorten(words)} (${code})` : `The wiki answered with the error ${code}.`,
    {
      kind: rule.kind,
      codes: failure.codes,
      statement,
      ...(failure.retryAfterMs === null ? {} : { retryAfterMs: failure.retryAfterMs }),
    },
    { cause: failure, ...(words ? { words: shorten(words) } : {}) },
  );
}

/** Failures below the API, as logs say them; people read `error-wiki-CODE`. */
export const OWN_WORDS: Readonly<Record<string, string>> = {
  HTTP_429: 'too many requests',
  HTTP_SERVER_ERROR: 'it has trouble of its own',
  HTTP_REFUSED: 'the request was refused before it reached the API',
  NETWORK: 'nothing, the connection failed',
  TIMED_OUT: 'nothing in the time we wait',
  UNREADABLE_ANSWER: 'something that is no answer of the API',
  UNEXPECTED_ANSWER: 'something of another shape than its API documents',
  ANONYMOUS: 'that we are visitors; the Authorization header does not reach it',
  ABORTED: 'nothing, because we stopped asking',
};

function firstReason(texts: ReadonlyMap<string, string>): string | undefined {
  for (const [code, text] of texts) if (code !== 'failed-save') return text;
  return texts.get('failed-save');
}

/** The text about a block, say, goes on with addresses and instructions that are not for a chat. */
function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MAX_WORDS ? line : `${line.slice(0, MAX_WORDS).trimEnd()}…`;
}

const MAX_WORDS = 300;
