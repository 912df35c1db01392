import type { Bar } from '../core/accounts/eligibility.ts';
import { VisavisError } from '../core/platform/errors.ts';
import type { Translator } from '../core/platform/messages.ts';
import { wikiErrorDetails } from '../core/wiki/wiki-error.ts';

/** Runs a step of a sign-in; what goes wrong is told in the reader's language. */
export async function inWords<T>(t: Translator, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof VisavisError)) throw error;
    const message = words(t, error);
    if (message === null) throw error;
    throw new VisavisError(error.code, message, { cause: error, details: error.details });
  }
}

/** Why an account may not take part here. */
export function barMessage(t: Translator, bar: Bar): string {
  switch (bar.rule) {
    case 'list':
      return t('web-sign-in-not-on-list', bar.username);
    case 'edits':
      return t('web-sign-in-few-edits', bar.needed, bar.has);
    case 'days':
      return t('web-sign-in-too-young', bar.needed, bar.has);
    case 'group':
      return t('web-sign-in-not-in-group', bar.needed);
  }
}

function words(t: Translator, error: VisavisError): string | null {
  if (error.code === 'sign_in_refused') {
    switch (error.details.reason) {
      case 'denied':
        return t('web-sign-in-denied');
      case 'state':
        return t('web-sign-in-not-begun');
      case 'wiki_error':
        return t('web-sign-in-ended');
      default:
        return t('web-sign-in-over', String(error.details.reason ?? ''));
    }
  }
  const wiki = wikiErrorDetails(error);
  if (!wiki) return null;
  const code = wiki.codes[0] ?? '';
  return wiki.kind === 'later' ? t('web-sign-in-later', code) : t('web-sign-in-client', code);
}
