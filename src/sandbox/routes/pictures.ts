import Router from '@koa/router';
import type { Context } from 'koa';
import type { Wiki } from '../context.ts';
import { originalPicture, type Picture, thumbnail } from '../pictures.ts';
import { hashedPath } from '../urls.ts';

const THUMB = /^\/images\/thumb\/([^/]+\/[^/]+\/([^/]+))\/(\d+)px-([^/]+)$/;
const ORIGINAL = /^\/images\/([^/]+\/[^/]+\/([^/]+))$/;

/** Originals and thumbnails, at the addresses that imageinfo gives. */
export function pictureRoutes(wiki: Wiki): Router {
  const router = new Router();
  router.get(/^\/images\//, async (ctx) => {
    send(
      ctx,
      (await picture(wiki, ctx.path)) ?? { status: 404, type: 'text/html', body: '<h1>Not found</h1>' },
    );
  });
  return router;
}

async function picture(wiki: Wiki, path: string): Promise<Picture | null> {
  const [, thumbPath, thumbName, width] = THUMB.exec(path) ?? [];
  if (thumbPath !== undefined && thumbName !== undefined) {
    const name = decoded(thumbName);
    return hashedPath(`File:${name}`) === thumbPath ? thumbnail(wiki, name, Number(width)) : null;
  }
  const [, originalPath, originalName] = ORIGINAL.exec(path) ?? [];
  if (originalPath === undefined || originalName === undefined) return null;
  const name = decoded(originalName);
  return hashedPath(`File:${name}`) === originalPath ? originalPicture(wiki, name) : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function send(ctx: Context, picture: Picture): void {
  ctx.status = picture.status;
  ctx.type = picture.type;
  ctx.set('X-Content-Type-Options', 'nosniff');
  if (picture.status === 200) ctx.set('Cache-Control', 'max-age=3600');
  ctx.body = picture.body;
}
