import type { Wiki } from '../context.ts';
import { SITE_NAME } from '../context.ts';
import type { Json } from '../json.ts';
import { standingBlock, type User } from '../state/users.ts';
import { isoTime } from '../times.ts';
import { blockInfo } from './block-info.ts';
import type { ApiCall } from './call.ts';

/** `meta=tokens`. */
export function tokens(call: ApiCall): Json {
  const types = call.params.list('type') ?? ['csrf'];
  return { tokens: Object.fromEntries(types.map((type) => [`${type}token`, call.caller.editToken])) };
}

/** `meta=siteinfo`, general part. */
export function siteInfo(call: ApiCall): Json {
  const { urls } = call.wiki;
  call.params.get('siprop');
  return {
    general: {
      mainpage: 'Main Page',
      base: urls.page('Main Page'),
      sitename: SITE_NAME,
      generator: 'MediaWiki 1.39.17',
      articlepath: '/wiki/$1',
      scriptpath: '/w',
      script: '/w/index.php',
      server: urls.origin,
      wikiid: 'pocketwiki',
      lang: 'en',
      timezone: 'UTC',
      time: isoTime(call.wiki.clock.now()),
    },
  };
}

/** `meta=userinfo`. */
export function userInfo(call: ApiCall): Json {
  const props = call.params.list('uiprop') ?? [];
  const { user, scopes } = call.caller;
  const has = (name: string) => props.includes(name);
  if (!user) {
    const rights = { ...(has('groups') && { groups: ['*'] }), ...(has('rights') && { rights: ['read'] }) };
    return { userinfo: { id: 0, name: '127.0.0.1', anon: true, ...rights } };
  }
  const block = standingBlock(user, call.wiki.clock.now());
  return {
    userinfo: {
      id: user.id,
      name: user.name,
      ...(has('hasmsg') && { messages: false }),
      ...(has('blockinfo') && block && blockInfo(block)),
      ...(has('groups') && { groups: user.groups }),
      ...(has('rights') && { rights: rightsOf(user, scopes) }),
      ...(has('editcount') && { editcount: user.editcount }),
      ...(has('ratelimits') && { ratelimits: rateLimits(call.wiki) }),
      ...(has('registrationdate') && { registrationdate: isoTime(user.registered) }),
      ...(has('centralids') && {
        centralids: { CentralAuth: user.centralId, local: user.id },
        attachedlocal: { CentralAuth: true, local: true },
      }),
    },
  };
}

/** Rights of an account, cut down to what the grants of a client allow. */
export function rightsOf(user: User, scopes: string[]): string[] {
  const trusted = user.groups.includes('autoconfirmed') ? ['autoconfirmed', 'editsemiprotected'] : [];
  const basic = ['read', 'writeapi', 'abusefilter-view', 'abusefilter-log', 'purge', ...trusted];
  if (!scopes.includes('editpage')) return basic;
  return [
    'edit',
    'item-term',
    'property-term',
    'item-merge',
    'item-redirect',
    'mediainfo-term',
    'minoredit',
    'applychangetags',
    'changetags',
    'editcontentmodel',
    ...basic,
  ];
}

function rateLimits(wiki: Wiki): Json {
  const { hits, seconds } = wiki.rateLimit;
  return {
    edit: { user: { hits, seconds } },
    move: { user: { hits: 8, seconds: 60 } },
    purge: { user: { hits: 30, seconds: 60 } },
    renderfile: { user: { hits: 700, seconds: 30 } },
    'renderfile-nonstandard': { user: { hits: 70, seconds: 30 } },
  };
}
