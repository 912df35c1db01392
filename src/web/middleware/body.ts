import { bodyParser } from '@koa/bodyparser';
import { VisavisError } from '../../core/platform/errors.ts';
import type { WebContext, WebMiddleware } from '../context.ts';

/** Forms and JSON of at most 64 KB, unpacked; more is 413, whatever cannot be read 400. */
export const body: WebMiddleware = bodyParser({
  enableTypes: ['form', 'json'],
  formLimit: '64kb',
  jsonLimit: '64kb',
  onError(error, ctx) {
    // The rest of the body is not read: what follows on this connection would wait for it.
    (ctx as unknown as WebContext).set('Connection', 'close');
    if ((error as { status?: unknown }).status === 413)
      throw new VisavisError('too_large', 'That was too much to send at once.', { cause: error });
    // Some parsers and unpackers say no status.
    throw new VisavisError('bad_input', 'The request could not be read.', { cause: error });
  },
}) as WebMiddleware;
