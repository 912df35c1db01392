import { bodyParser } from '@koa/bodyparser';
import type { WebMiddleware } from '../context.ts';

/** Forms and JSON of at most 64 KB; more is 413, damaged JSON 400. */
export const body: WebMiddleware = bodyParser({
  enableTypes: ['form', 'json'],
  formLimit: '64kb',
  jsonLimit: '64kb',
}) as WebMiddleware;
