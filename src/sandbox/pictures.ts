import sharp from 'sharp';
import type { Wiki } from './context.ts';
import type { StoredFile } from './state/files.ts';

/** The only widths that thumbnails are made in, in pixels. */
export const THUMB_WIDTHS = [20, 40, 60, 120, 250, 330, 500, 960, 1280, 1920, 3840];

export interface Picture {
  status: number;
  type: string;
  body: Buffer | string;
  headers?: Record<string, string>;
}

export function thumbSize(file: StoredFile, width: number): { width: number; height: number } {
  return { width, height: Math.max(1, Math.round((file.height * width) / file.width)) };
}

/** The original, byte for byte. */
export async function originalPicture(wiki: Wiki, name: string): Promise<Picture> {
  const file = findFile(wiki, name);
  const bytes = file && (await wiki.originals.read(file.stored));
  return file && bytes ? { status: 200, type: file.mime, body: bytes } : NOT_FOUND;
}

/** A scaled picture: at the known widths only, and never as wide as the original. */
export async function thumbnail(wiki: Wiki, name: string, width: number): Promise<Picture> {
  const file = findFile(wiki, name);
  if (!file || file.width === 0) return NOT_FOUND;
  if (!THUMB_WIDTHS.includes(width)) return WRONG_WIDTH;
  if (width >= file.width) return TOO_WIDE;
  const key = `${file.stored} ${width}`;
  const known = recent.get(key);
  if (known) return { status: 200, type: 'image/jpeg', body: known };
  const bytes = await wiki.originals.read(file.stored);
  if (!bytes) return NOT_FOUND;
  const body = await sharp(bytes).resize({ width }).jpeg({ quality: 87 }).toBuffer();
  remember(key, body);
  return { status: 200, type: 'image/jpeg', body };
}

function findFile(wiki: Wiki, name: string): StoredFile | undefined {
  const page = wiki.store.pages.byTitle(`File:${name}`);
  return page && wiki.store.files.of(page.id);
}

/** Thumbnails made lately; the names of originals say what is in them, so they never go stale. */
const recent = new Map<string, Buffer>();

function remember(key: string, body: Buffer): void {
  const [oldest] = recent.keys();
  if (recent.size >= 200 && oldest !== undefined) recent.delete(oldest);
  recent.set(key, body);
}

const NOT_FOUND: Picture = { status: 404, type: 'text/html; charset=utf-8', body: '<h1>File not found</h1>' };

const WRONG_WIDTH: Picture = {
  status: 429,
  type: 'text/html; charset=utf-8',
  body: `<h1>Error</h1><p>Use thumbnail sizes listed on https://w.wiki/GHai (${THUMB_WIDTHS.join(', ')} px).</p>`,
};

const TOO_WIDE: Picture = {
  status: 400,
  type: 'text/html; charset=utf-8',
  body: '<h1>Error generating thumbnail</h1><p>The requested width is not smaller than the original.</p>',
};
