import { createHash, timingSafeEqual } from 'node:crypto';
import type { WebContext } from './context.ts';

/** Whether the request holds the token, compared in a time that tells neither the length nor how much is right. */
export function hasBearer(ctx: Pick<WebContext, 'get'>, wanted: string): boolean {
  const [, given = ''] = /^Bearer (.+)$/i.exec(ctx.get('Authorization')) ?? [];
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
