import helmet from 'helmet';
import type { WebMiddleware } from '../context.ts';

export interface HeaderOptions {
  readonly production: boolean;
  readonly pictureHosts: readonly string[];
  readonly oauthOrigin: string;
}

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
    ctx.set('Content-Security-Policy', policy);
    ctx.set('Permissions-Policy', PERMISSIONS);
    ctx.set('Cache-Control', 'private, no-cache');
    await next();
  };
}

/**
 * Nothing inline, nothing evaluated, nothing framed. `worker-src`, `child-src` and the ones that never fall
 * back to `default-src` are all named. `data:` pictures are Codex's own icons in its style sheet.
 */
export function contentSecurityPolicy({ pictureHosts, oauthOrigin }: HeaderOptions): string {
  const pictures = pictureHosts.map((host) => `${isLoopbackHost(host) ? 'http' : 'https'}://${host}`);
  return [
    "default-src 'self'",
    ["img-src 'self' data:", ...pictures].join(' '),
    "script-src 'self'",
    "script-src-attr 'none'",
    "worker-src 'none'",
    "child-src 'none'",
    "frame-src 'none'",
    "object-src 'none'",
    "style-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    // Browsers hold the redirect after a form to this list too, and sign-in ends at the wiki.
    `form-action 'self' ${oauthOrigin}`,
    "frame-ancestors 'none'",
  ].join('; ');
}

function isLoopbackHost(host: string): boolean {
  return /^(localhost|[\w-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}
