import { isIPv6 } from 'node:net';
import { refusal } from '../../core/platform/refusals.ts';
import type { WebContext, WebMiddleware } from '../context.ts';
import type { LimitName, RateLimits } from '../rate-limits.ts';

/** Refuses with 429 and Retry-After who asks too often: by account, else by address. */
export function rateLimit(limits: RateLimits, name: LimitName): WebMiddleware {
  return async (ctx, next) => {
    const seconds = await limits.consume(name, limitKey(ctx));
    if (seconds > 0) {
      throw refusal('slow-down', [seconds], {
        details: { retryAfter: seconds },
      });
    }
    await next();
  };
}

/** Who somebody is to a limit: the account, else the address. */
export function limitKey(ctx: WebContext): string {
  const { account } = ctx.state;
  return account ? `account ${account.id}` : `address ${addressKey(ctx.ip)}`;
}

/** One household has a whole /64 of IPv6 addresses. */
export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  const all = [...groups, ...Array<string>(zeros).fill('0'), ...rest];
  return `${all.slice(0, 4).join(':')}::/64`;
}
