import { type ErrorCode, VisavisError } from './errors.ts';

/**
 * The message for a code whose errors are not written for people: what happened is for the log, and what the reader
 * can do is the same each time. The other codes are given by refusals, which have words of their own, and by the web,
 * which speaks the reader's language already.
 */
export const GENERAL_KEYS: Partial<Readonly<Record<ErrorCode, string>>> = {
  configuration: 'error-internal',
  port_in_use: 'error-internal',
  schema_too_new: 'error-internal',
  internal: 'error-internal',
  lease_lost: 'error-internal',
  database: 'error-database',
  detector_unavailable: 'error-detector',
  model_unavailable: 'error-detector',
  not_a_picture: 'error-picture',
  broken_picture: 'error-picture',
  picture_too_large: 'error-picture',
  file_unreadable: 'error-picture',
};

/** What somebody reads about an error, in the language of `t`. Logs keep its own, English words. */
export function wordsOf(
  t: (key: string, ...params: readonly (string | number)[]) => string,
  error: unknown,
): string {
  if (!(error instanceof VisavisError)) return t('error-internal');
  if (error.say) return t(error.say.key, ...error.say.params);
  // The rules of the data sources name their refusals by code.
  if (typeof error.details.refusal === 'string') return t(`web-sources-refused-${error.details.refusal}`);
  const key = GENERAL_KEYS[error.code];
  return key ? t(key) : error.message;
}
