import helmet from 'helmet';
import { REPORTING_ENDPOINTS } from '../../core/origins/page-policy.ts';
import { barePolicy, ENFORCED, type SitePolicy } from '../../core/origins/policy.ts';
import type { WebMiddleware } from '../context.ts';

export interface HeaderOptions {
  readonly production: boolean;
  readonly pictureHosts: readonly string[];
  readonly oauthOrigin: string;
}

/** Where browsers report what a policy stopped. */
export const REPORTS = '/api/csp/reports';

const PERMISSIONS =
  'accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), ' +
  'magnetometer=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=()';

/** The plain headers on every answer, errors and files included. */
export function securityHeaders(options: HeaderOptions): WebMiddleware {
  const policy = contentSecurityPolicy(options);
  const plain = helmet({
    // Made below as one string, in a fixed order.
    contentSecurityPolicy: false,
    frameguard: { action: 'deny' },
    // Link tokens stand in paths: no other site may learn them.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: options.production && { maxAge: 31_536_000, includeSubDomains: false },
  });
  return async (ctx, next) => {
    await new Promise<void>((resolve, reject) =>
      plain(ctx.req, ctx.res, (error?: unknown) => (error ? reject(error) : resolve())),
    );
    ctx.set(ENFORCED, policy);
    ctx.set(REPORTING_ENDPOINTS, `csp="${REPORTS}"`);
    ctx.set('Permissions-Policy', PERMISSIONS);
    ctx.set('Cache-Control', 'private, no-cache');
    await next();
  };
}

/** What every page needs. `data:` pictures are Codex's own icons in its style sheet. */
export function sitePolicy({
  pictureHosts,
  oauthOrigin,
}: Pick<HeaderOptions, 'pictureHosts' | 'oauthOrigin'>): SitePolicy {
  return {
    pictures: pictureHosts.map((host) => `${isLoopbackHost(host) ? 'http' : 'https'}://${host}`),
    dataPictures: true,
    // Browsers hold the redirect after a form to this list too, and sign-in ends at the wiki.
    formActions: [oauthOrigin],
    reports: REPORTS,
  };
}

/** Nothing inline, nothing evaluated, nothing framed, and no data from elsewhere. */
export function contentSecurityPolicy(options: HeaderOptions): string {
  return barePolicy(sitePolicy(options));
}

function isLoopbackHost(host: string): boolean {
  return /^(localhost|[\w-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}
