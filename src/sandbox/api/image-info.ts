import type { Wiki } from '../context.ts';
import type { Json } from '../json.ts';
import { thumbSize } from '../pictures.ts';
import { LICENSES, type StoredFile } from '../state/files.ts';
import type { Page } from '../state/pages.ts';
import { digitTime, isoTime } from '../times.ts';
import { dbKey, parseTitle } from '../titles.ts';
import type { ApiCall } from './call.ts';
import type { PageSet } from './page-set.ts';
import type { PropAnswer } from './query.ts';

/** After so many scaled pictures the original stops and goes on in the next request. */
const TRANSFORM_LIMIT = 50;

/** `prop=imageinfo`. */
export function imageInfo(call: ApiCall, set: PageSet): PropAnswer {
  const { params, wiki } = call;
  const props = params.list('iiprop') ?? ['timestamp', 'user'];
  const width = Number(params.get('iiurlwidth') ?? 0);
  const filter = params.list('iiextmetadatafilter');
  params.get('iiextmetadatalanguage');
  const from = params.get('iicontinue')?.split('|')[0] ?? '';
  const additions = new Map<number, Json>();
  const byTitle = set.pages
    .map((ref, place) => ({ ...ref, place, title: String(ref.head.title ?? '') }))
    .filter(({ head }) => head.ns === 6)
    .sort((a, b) => (a.title < b.title ? -1 : 1));
  let transformed = 0;
  for (const { page, place, title } of byTitle) {
    const key = dbKey(parseTitle(title).text);
    if (key < from) continue;
    const file = page && wiki.store.files.of(page.id);
    if (!page || !file) {
      additions.set(place, { imagerepository: '' });
      continue;
    }
    if (width > 0 && transformed >= TRANSFORM_LIMIT) {
      return { additions, next: { iicontinue: `${key}|${digitTime(file.uploaded)}` } };
    }
    transformed += 1;
    const entry = describe(wiki, page, file, props, width, filter);
    additions.set(place, { imagerepository: 'local', imageinfo: [entry] });
  }
  return { additions, next: null };
}

function describe(
  wiki: Wiki,
  page: Page,
  file: StoredFile,
  props: string[],
  width: number,
  filter: string[] | undefined,
): Json {
  const has = (name: string) => props.includes(name);
  const size = { size: file.size, width: file.width, height: file.height };
  return {
    ...(has('timestamp') && { timestamp: isoTime(file.uploaded) }),
    ...(has('user') && { user: file.uploader }),
    ...((has('size') || has('dimensions')) && size),
    ...(has('url') && {
      ...thumbnail(wiki, page, file, width),
      url: wiki.urls.original(page.title),
      descriptionurl: wiki.urls.page(page.title),
      descriptionshorturl: wiki.urls.short(page.id),
    }),
    ...(has('sha1') && { sha1: file.sha1 }),
    ...(has('extmetadata') && { extmetadata: filtered(extmetadata(wiki, page, file), filter) }),
    ...(has('mime') && { mime: file.mime }),
    ...(has('mediatype') && { mediatype: file.mime.startsWith('image/') ? 'BITMAP' : 'AUDIO' }),
  };
}

/** A width at or above that of the original gives the original. The picture server decides which widths it makes. */
function thumbnail(wiki: Wiki, page: Page, file: StoredFile, width: number): Json {
  if (width <= 0 || file.width === 0) return {};
  if (width >= file.width) {
    return { thumburl: wiki.urls.original(page.title), thumbwidth: file.width, thumbheight: file.height };
  }
  const size = thumbSize(file, width);
  const larger = [2, 1.5].filter((factor) => width * factor <= file.width);
  return {
    thumburl: wiki.urls.thumb(page.title, width),
    thumbwidth: size.width,
    thumbheight: size.height,
    ...(larger.length > 0 && {
      responsiveUrls: Object.fromEntries(
        larger.map((factor) => [String(factor), wiki.urls.thumb(page.title, Math.round(width * factor))]),
      ),
    }),
  };
}

function extmetadata(wiki: Wiki, page: Page, file: StoredFile): Json {
  const license = LICENSES[file.license];
  const hidden = { hidden: '' };
  const name = parseTitle(page.title).text.replace(/\.\w+$/, '');
  const categories = wiki.store.categories.of(page.id).map((title) => parseTitle(title).text);
  const described = (value: string) => ({ value, source: 'commons-desc-page' });
  const author = parseTitle(`User:${file.author}`).full;
  return {
    DateTime: {
      value: isoTime(file.uploaded).replace('T', ' ').replace('Z', ''),
      source: 'mediawiki-metadata',
      ...hidden,
    },
    ObjectName: { value: name, source: 'mediawiki-metadata', ...hidden },
    CommonsMetadataExtension: { value: 1.2, source: 'extension', ...hidden },
    Categories: { value: categories.join('|'), source: 'commons-categories', ...hidden },
    Assessments: { value: '', source: 'commons-categories', ...hidden },
    ImageDescription: described(`<span lang="en">${escapeText(file.description)}</span>`),
    Artist: described(
      `<a href="${wiki.urls.page(author)}" title="${escapeText(author)}">${escapeText(file.author)}</a>`,
    ),
    DateTimeOriginal: described('2020-01-02'),
    ...(license && {
      LicenseShortName: { ...described(license.short), ...hidden },
      UsageTerms: { ...described(license.long), ...hidden },
      AttributionRequired: { ...described(file.license === 'cc0' ? 'false' : 'true'), ...hidden },
      LicenseUrl: { ...described(license.url), ...hidden },
      Copyrighted: { ...described(file.license === 'cc0' ? 'False' : 'True'), ...hidden },
    }),
    Restrictions: { ...described(''), ...hidden },
    License: { value: file.license, source: 'commons-templates', ...hidden },
  };
}

function filtered(metadata: Json, filter: string[] | undefined): Json {
  if (!filter) return metadata;
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => filter.includes(name)));
}

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
