import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createFernet, newFernetKey } from '../../../src/core/accounts/fernet.ts';
import { systemClock } from '../../../src/core/platform/clock.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { createMessages } from '../../../src/core/platform/messages.ts';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { OAuth } from '../../../src/core/wiki/oauth.ts';
import type { Wiki } from '../../../src/core/wiki/wiki.ts';
import { createWeb, type WebDeps } from '../../../src/web/server.ts';

export const messages = createMessages(join(import.meta.dirname, '../../../i18n'));

/** Signs in whoever the `code` of the callback names. */
export function fakeOAuth(): OAuth {
  return {
    newChallenge: async () => ({ codeVerifier: 'verifier', codeChallenge: 'challenge' }),
    authorizationUrl: ({ state, codeChallenge }) =>
      new URL(`http://wiki.localhost/authorize?state=${state}&code_challenge=${codeChallenge}`),
    async exchangeCode({ parameters, state, codeVerifier }) {
      if (parameters.get('error')) {
        throw new VisavisError('sign_in_refused', 'You did not allow the connection.', {
          details: { reason: 'denied' },
        });
      }
      if (parameters.get('state') !== state || codeVerifier !== 'verifier') {
        throw new VisavisError('sign_in_refused', 'This sign-in was not begun here.');
      }
      return { accessToken: parameters.get('code') ?? '', refreshToken: null, expiresAt: 9e12 };
    },
    refreshToken: () => {
      throw new Error('nobody refreshes here');
    },
    profile: async (accessToken) => ({
      centralId: String([...accessToken].reduce((sum, one) => sum * 7 + (one.codePointAt(0) ?? 0), 1) % 1e9),
      username: accessToken,
      editCount: 100,
      blocked: accessToken.startsWith('Blocked'),
      groups: [],
      grants: ['basic'],
      registeredAt: 0,
    }),
  };
}

/** A wiki that knows one search and one category. */
export function fakeWiki(): Wiki {
  const refuse = () => {
    throw new Error('this wiki was not asked for that');
  };
  return {
    depicts: 'P180',
    categoryMembers: refuse,
    categoryInfo: async (title: string) => ({ title, exists: true, files: 40, subcategories: 2 }),
    filesByPageId: refuse,
    filesDepicting: refuse,
    thumbnails: async () => new Map(),
    userInfo: async ({ name }) => ({
      name,
      blocked: name.startsWith('Blocked'),
      groups: [],
      editCount: 100,
      registeredAt: 0,
    }),
    items: refuse,
    searchItems: async () => [{ id: 'Q7259', label: 'Ada <b>Lovelace</b>', description: 'mathematician' }],
    readStatements: refuse,
    readFilesNow: refuse,
    setStatement: refuse,
    setRank: refuse,
    removeStatement: refuse,
  };
}

export interface Site {
  readonly url: string;
  readonly deps: WebDeps;
  close(): Promise<void>;
}

/** A site that really listens, with fakes behind it. */
export async function startSite(store: Store, changes: Partial<WebDeps> = {}, at = 0): Promise<Site> {
  const deps: WebDeps = {
    store,
    clock: systemClock,
    nudges: memoryNudges(),
    log: silentLog,
    messages,
    secret: 'a secret for tests alone, long enough',
    fernet: createFernet([newFernetKey(randomBytes)], systemClock, randomBytes),
    oauth: fakeOAuth(),
    wiki: fakeWiki(),
    crops: { crop: async () => null },
    publicUrl: 'http://localhost:8080',
    production: false,
    trustedProxies: 0,
    pictureHosts: ['localhost:9999', 'upload.wikimedia.org'],
    oauthOrigin: 'http://wiki.localhost',
    itemPage: (itemId) => `http://wiki.localhost/wiki/${itemId}`,
    admins: [],
    sandbox: null,
    contact: 'test@example.org',
    // Tests of limits bring their own.
    limits: { consume: async () => 0 },
    ...changes,
  };
  const { port, close } = await createWeb(deps).listen(at, '127.0.0.1');
  return { url: `http://127.0.0.1:${port}`, deps, close };
}
