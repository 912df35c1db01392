import { bodyParser } from '@koa/bodyparser';
import { refusal } from '../../core/platform/refusals.ts';
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
      throw refusal('too-much-at-once', [], { cause: error });
    // Some parsers and unpackers say no status.
    throw refusal('unreadable-request', [], { cause: error });
  },
}) as WebMiddleware;
