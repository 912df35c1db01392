import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Eta } from 'eta';
import type { NeededRole } from '../core/administration/processes.ts';
import { reasonInDetail, reasonWords } from '../core/platform/reasons.ts';
import type { Assets } from './assets.ts';
import type { WebContext } from './context.ts';
import { query } from './form.ts';
import { formatsFor } from './formats.ts';
import { csrfToken } from './middleware/csrf.ts';

export interface View {
  /** Answers with a whole page. */
  render(ctx: WebContext, template: string, data?: object): void;
  /** Answers with a part of a page, for the live modules. */
  fragment(ctx: WebContext, template: string, data?: object): void;
}

export interface Site {
  readonly assets: Assets;
  readonly sandbox: { readonly wikiUrl: string } | null;
  /** How to reach the operator; null: nobody operates a practice mode. */
  readonly contact: string | null;
  readonly languages: readonly string[];
  isAdmin(ctx: WebContext): boolean;
  /** Roles that nobody has had for a while. */
  missingRoles(): readonly NeededRole[];
}

/** What a redirect after a form may say, by `?done=…`; anything else says nothing. */
const DONE = new Set([
  'linked',
  'unlinked',
  'created',
  'started',
  'stopping',
  'undoing',
  'signed-out',
  'claim-changed',
  'saved',
  'state',
  'deleted',
  'reopened',
  'drawn',
  'drawn-before',
  'redrawn',
  'redrawn-written',
  'withdrawn',
  'forgotten',
  'joined',
  'left',
  'member-changed',
  'revoked',
  'retrying',
  'read-only-on',
  'read-only-off',
]);

/** The rules that owners of projects about living people acknowledge. */
const IDENTIFIABLE_PEOPLE = 'https://commons.wikimedia.org/wiki/Commons:Photographs_of_identifiable_people';

type IconFile = Record<string, string | { ltr?: string; default?: string }>;

/**
 * Pages from eta templates, which escape everything that is written with `<%= %>`. The templates know `it`:
 * the data of the page and the helpers below.
 */
export function createView(site: Site): View {
  const eta = new Eta({ views: join(import.meta.dirname, 'views'), cache: true, autoEscape: true });
  const icons = createRequire(import.meta.url)('@wikimedia/codex-icons/dist/codex-icons.json') as IconFile;

  return {
    render(ctx, template, data = {}) {
      ctx.type = 'html';
      ctx.body = eta.render(template, { ...helpers(ctx), ...data });
    },
    fragment(ctx, template, data = {}) {
      ctx.type = 'html';
      ctx.body = eta.render(template, { ...helpers(ctx), ...data });
    },
  };

  function helpers(ctx: WebContext) {
    const { t, account } = ctx.state;
    const { dates, days, times, numbers } = formatsFor(t.language);
    const done = query(ctx, 'done');
    return {
      t,
      account: account ?? null,
      linkBroken: ctx.state.linkBroken === true,
      isAdmin: site.isAdmin(ctx),
      identifiablePeople: IDENTIFIABLE_PEOPLE,
      sandbox: site.sandbox,
      contact: site.contact,
      languages: site.languages,
      missingRoles: site.missingRoles(),
      readOnlyNow: ctx.state.readOnly ?? null,
      notices: ctx.state.notices ?? [],
      here: ctx.path,
      hereWithQuery: ctx.path + ctx.search,
      hereQuery: ctx.search,
      done: DONE.has(done) ? `web-done-${done}` : null,
      asset: site.assets.url,
      /** A function: a page without forms begins no session. */
      csrf: () => csrfToken(ctx),
      num: (value: number) => numbers.format(value),
      /** UTC. */
      date: (ms: number) => `${dates.format(ms)} UTC`,
      day: (ms: number) => days.format(ms),
      clock: (ms: number) => times.format(ms),
      iso: (ms: number) => new Date(ms).toISOString(),
      languageName: (code: string) =>
        new Intl.DisplayNames([code], { type: 'language', fallback: 'code' }).of(code) ?? code,
      icon: (name: string) => iconSvg(icons, name),
      safeUrl,
      cropUrl,
      tone,
      /** Why something came about, as it is kept. */
      why: (kept: string) => reasonWords(t, kept),
      whyInDetail: (kept: string) => reasonInDetail(t, kept),
    };
  }
}

/**
 * Links that come from the wiki or a chat card: only http(s) and own paths become links. Browsers drop tabs and line
 * ends, so a path with one in it may be another host.
 */
function safeUrl(url: string): string {
  if (/^\/(?![/\\])[^\s\p{Cc}\\]*$/u.test(url)) return url;
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : '#';
}

/** A box that was drawn anew has another address: browsers keep the picture of the old one. */
function cropUrl({ faceId, boxNumber }: { faceId: number; boxNumber: number }): string {
  return `/faces/${faceId}/crop.jpg${boxNumber > 0 ? `?box=${boxNumber}` : ''}`;
}

/** One of six colours for somebody, always the same one. */
function tone(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % 6;
}

function iconSvg(icons: IconFile, name: string): string {
  const found = icons[`cdxIcon${name}`];
  const path = typeof found === 'string' ? found : (found?.ltr ?? found?.default ?? '');
  return `<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">${path}</svg>`;
}
