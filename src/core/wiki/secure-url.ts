import { VisavisError } from '../platform/errors.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/**
 * Tokens and secrets travel to this address, so it must be https. Plain http is for a wiki on this machine
 * alone, and only where `allowInsecure` says so.
 * @param what names the address in the error ("API address", say)
 */
export function requireSecureUrl(address: string, what: string, allowInsecure: boolean): URL {
  const url = URL.parse(address);
  if (!url) throw new VisavisError('configuration', `The ${what} of the wiki is not an address.`);
  if (url.protocol === 'https:') return url;
  if (url.protocol === 'http:' && allowInsecure && isLoopback(url.hostname)) return url;
  throw new VisavisError('configuration', `The ${what} of the wiki must begin with https://.`);
}
