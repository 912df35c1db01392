import { z } from 'zod';
import { plainText } from './plain-text.ts';
import { emptyArray } from './snak.ts';

/** A file as the wiki describes it now. Keyed by page id and sha1, because titles change. */
export interface WikiFile {
  readonly pageId: number;
  /** With its `File:` in front. */
  readonly title: string;
  /** Of the current version, 40 hexadecimal digits. */
  readonly sha1: string;
  /** Pixels of the original, upright: the wiki has applied the rotation that the file asks for. */
  readonly width: number;
  readonly height: number;
  readonly mime: string;
  /** A smaller picture of the width asked for; the original where that is not wider; null when not shown. */
  readonly thumbUrl: string | null;
  /** The original. */
  readonly url: string;
  /** When the current version was uploaded, UTC milliseconds. */
  readonly uploadedAt: number;
  /** Plain text, one line; null when the page does not say. */
  readonly author: string | null;
  /** The licence's short name, such as `CC BY-SA 4.0`. */
  readonly licence: string | null;
  /** http or https. */
  readonly licenceUrl: string | null;
  /** The file page. */
  readonly descriptionUrl: string;
}

/** The widths that Wikimedia makes thumbnails of; any other gets HTTP 429. */
export const THUMB_WIDTHS = [20, 40, 60, 120, 250, 330, 500, 960, 1280, 1920, 3840] as const;
export type ThumbWidth = (typeof THUMB_WIDTHS)[number];

/** `prop=imageinfo` with all that a WikiFile needs, in one pass. */
export function imageInfoParams(width: ThumbWidth) {
  return {
    prop: 'imageinfo',
    iiprop: ['url', 'size', 'mime', 'sha1', 'timestamp', 'extmetadata'],
    iiurlwidth: width,
    iiextmetadatafilter: ['Artist', 'LicenseShortName', 'LicenseUrl'],
    iiextmetadatalanguage: 'en',
  } as const;
}

const metadata = z.object({ value: z.union([z.string(), z.number()]) }).optional();

const imageInfo = z.object({
  timestamp: z.string(),
  width: z.number(),
  height: z.number(),
  mime: z.string(),
  sha1: z.string().regex(/^[0-9a-f]{40}$/),
  url: z.string(),
  descriptionurl: z.string(),
  thumburl: z.string().optional(),
  extmetadata: z
    .object({ Artist: metadata, LicenseShortName: metadata, LicenseUrl: metadata })
    .or(emptyArray())
    .optional(),
});

const page = z.object({ pageid: z.number(), title: z.string(), imageinfo: z.tuple([imageInfo], imageInfo) });

/** Reads a page of `action=query`; null for one without a (visible) file: missing, deleted, suppressed. */
export function readFilePage(raw: unknown): WikiFile | null {
  const { data } = page.safeParse(raw);
  if (!data) return null;
  const [info] = data.imageinfo;
  return {
    pageId: data.pageid,
    title: data.title,
    sha1: info.sha1,
    width: info.width,
    height: info.height,
    mime: info.mime,
    thumbUrl: info.thumburl || null,
    url: info.url,
    uploadedAt: Date.parse(info.timestamp),
    author: words(info.extmetadata?.Artist),
    licence: words(info.extmetadata?.LicenseShortName),
    licenceUrl: webAddress(words(info.extmetadata?.LicenseUrl)),
    descriptionUrl: info.descriptionurl,
  };
}

function words(entry: { value: string | number } | undefined): string | null {
  return entry ? plainText(String(entry.value)) || null : null;
}

/** Somebody wrote it on a wiki page, and it will stand in a link: nothing but http and https. */
function webAddress(text: string | null): string | null {
  if (!text) return null;
  const url = URL.parse(text.startsWith('//') ? `https:${text}` : text);
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null;
}
