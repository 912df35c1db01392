import { rightsOf } from '../api/meta.ts';
import type { Wiki } from '../context.ts';
import type { Json } from '../json.ts';
import { standingBlock } from '../state/users.ts';
import { digitTime } from '../times.ts';
import { OAuthError } from './errors.ts';

/** Answers `/oauth2/resource/profile` and `/oauth2/resource/scopes`. */
export function answerResource(wiki: Wiki, type: 'profile' | 'scopes', authorization: string): Json {
  const token = /^Bearer\s+(.*)$/i.exec(authorization)?.[1] ?? '';
  if (token.split('.').length !== 3) throw OAuthError.accessDenied('The JWT string must have two dots');
  const access = wiki.store.tokens.access(token);
  const now = wiki.clock.now();
  if (!access || access.expires <= now) throw OAuthError.accessDenied('Access token could not be verified');
  if (access.revoked) throw OAuthError.accessDenied('Access token has been revoked');
  const user = wiki.store.users.byId(access.user_id);
  const client = wiki.clients.find((one) => one.id === access.client_id);
  if (!user || !client) throw OAuthError.accessDenied('Access token could not be verified');
  const scopes = access.scopes.split(' ');
  if (type === 'scopes') return { scopes: Object.fromEntries(scopes.entries()) };
  return {
    sub: String(user.centralId),
    username: user.name,
    editcount: user.editcount,
    confirmed_email: true,
    blocked: standingBlock(user, now) !== null,
    registered: digitTime(user.registered),
    groups: user.groups,
    rights: client.disabled ? [] : rightsOf(user, scopes),
    grants: scopes,
  };
}
