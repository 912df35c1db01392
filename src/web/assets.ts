import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { WebMiddleware } from './context.ts';

export interface Assets {
  /** The address of a file, with the version of all files in it. */
  url(name: string): string;
  readonly serve: WebMiddleware;
}

interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
  /** null where packing gains nothing. */
  readonly gzip: Buffer | null;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Wikimedia's Codex, from its own packages: never copied, so never out of date. */
const CODEX = {
  'codex.css': '@wikimedia/codex/dist/codex.style.css',
  'codex-rtl.css': '@wikimedia/codex/dist/codex.style-rtl.css',
  'tokens.css': '@wikimedia/codex-design-tokens/theme-wikimedia-ui-root.css',
  'mode-dark.css': '@wikimedia/codex-design-tokens/theme-wikimedia-ui-mode-dark.css',
};

/** All style sheets, modules and pictures of the site, read once and kept packed. */
export function loadAssets(): Assets {
  const resolve = createRequire(import.meta.url).resolve;
  const folder = join(import.meta.dirname, 'public');
  const paths = [
    ...Object.entries(CODEX).map(([name, module]) => [name, resolve(module)] as const),
    ...readdirSync(folder).map((name) => [name, join(folder, name)] as const),
  ];
  const files = new Map<string, Asset>();
  const hash = createHash('sha256');
  for (const [name, path] of paths) {
    const type = TYPES[extname(name)];
    if (!type) continue;
    const bytes = readFileSync(path);
    const packed = gzipSync(bytes);
    hash.update(name).update(bytes);
    files.set(name, { type, bytes, gzip: packed.length < bytes.length ? packed : null });
  }
  const version = hash.digest('hex').slice(0, 12);

  return {
    url: (name) => `/assets/${version}/${name}`,
    async serve(ctx, next) {
      const parts = /^\/assets\/([^/]+)\/([^/]+)$/.exec(ctx.path);
      const file = parts && files.get(parts[2] ?? '');
      if (!file || !['GET', 'HEAD'].includes(ctx.method)) return next();
      // A page from before an update asks for its old version: it gets the new file, and no promise.
      const current = parts[1] === version;
      ctx.set('Cache-Control', current ? 'public, max-age=31536000, immutable' : 'public, max-age=60');
      ctx.vary('Accept-Encoding');
      ctx.type = file.type;
      const packed = file.gzip && ctx.acceptsEncodings('gzip', 'identity') === 'gzip' ? file.gzip : null;
      if (packed) ctx.set('Content-Encoding', 'gzip');
      ctx.body = packed ?? file.bytes;
    },
  };
}
