import { createHash } from 'node:crypto';
import { dbKey, parseTitle } from './titles.ts';

/** All addresses of one pocket wiki, built from its public origin (without a slash at the end). */
export class Urls {
  readonly origin: string;

  constructor(publicUrl: string) {
    this.origin = publicUrl.replace(/\/+$/, '');
  }

  get api(): string {
    return `${this.origin}/w/api.php`;
  }

  get oauth(): string {
    return `${this.origin}/w/rest.php/oauth2`;
  }

  page(title: string): string {
    return `${this.origin}${pagePath(title)}`;
  }

  short(pageId: number): string {
    return `${this.origin}/w/index.php?curid=${pageId}`;
  }

  entity(id: string): string {
    return `${this.origin}/entity/${id}`;
  }

  original(title: string): string {
    return `${this.origin}/images/${hashedPath(title)}`;
  }

  thumb(title: string, width: number): string {
    const key = encodeURIComponent(dbKey(parseTitle(title).text));
    return `${this.origin}/images/thumb/${hashedPath(title)}/${width}px-${key}`;
  }
}

/** `/wiki/…`, with the few characters readable that MediaWiki leaves readable too. */
export function pagePath(title: string): string {
  return `/wiki/${encodeURIComponent(dbKey(title)).replaceAll('%3A', ':').replaceAll('%2F', '/')}`;
}

/** `f/f5/Test_portrait_1.jpg`: the first digits of the name's MD5, as MediaWiki stores its files. */
export function hashedPath(title: string): string {
  const key = dbKey(parseTitle(title).text);
  const hash = createHash('md5').update(key).digest('hex');
  return `${hash.slice(0, 1)}/${hash.slice(0, 2)}/${encodeURIComponent(key)}`;
}
