import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { depicts, startTestWiki, type TestWiki } from './harness.ts';
import recorded from './recorded/api.json' with { type: 'json' };
import { API_RECORDINGS } from './recorded/covered.ts';
import { shapeOf } from './recorded/shape.ts';

/**
 * Requests to the Action API that were recorded at a real MediaWiki with Wikibase and WikibaseMediaInfo, put to the
 * pocket wiki: the status, the codes in header and body and the shape of the answer are the same. `recorded/api.json`
 * has of each recording what is compared; of pages, items and accounts the pocket wiki has its own.
 */
interface Recording {
  readonly method: string;
  readonly as: string;
  readonly params: Readonly<Record<string, string>>;
  readonly status: number;
  readonly codes?: string;
  readonly retryAfter?: string;
  readonly type?: string;
  readonly shape?: string;
}
const RECORDINGS = recorded as unknown as Readonly<Record<string, Recording>>;

const PEOPLE: Readonly<Record<string, string>> = { Alice: 'Practice Anna', Bob: 'Practice Bo' };
const CATEGORY = 'Category:Test people';
/** The recorded wiki had M11 to M16 for these; every recording gets pages of its own here. */
const TITLES = [1, 2, 3, 4, 5, 7, 8, 9].map((number) => `File:Test portrait ${number}.jpg`);

interface Scene {
  readonly wiki: TestWiki;
  /** The page that stands for a recorded page id. */
  page(recordedId: number): number;
  /** Somebody states that the page depicts an item; answers the statement id. */
  depict(recordedId: number, item?: string, guid?: string): string;
  /** What is sent beside the recorded parameters, or instead of them. */
  readonly change: Record<string, string>;
  /** Whose access token goes with it, when it is not the one that the account has now. */
  bearer?: string;
  /** The edit token, when it is not the one that is good now. */
  token?: string | null;
  tokenInAddress?: boolean;
}

type Prepare = (scene: Scene) => void | Promise<void>;

const statementOn =
  (id: number): Prepare =>
  ({ depict }) =>
    void depict(id);
const statementThere = statementOn(11);
const claimThere =
  (id: number, item: string): Prepare =>
  ({ depict, change, page }) => {
    change.claim = depicts(depict(id, item), item);
    page(id);
  };
const removable: Prepare = ({ depict, change }) => {
  change.claim = depict(13);
};
const mischief =
  (kind: Parameters<TestWiki['misbehave']['next']>[0]['kind'], ...before: Prepare[]): Prepare =>
  async (scene) => {
    for (const step of before) await step(scene);
    scene.wiki.misbehave.next({ kind, match: { path: '/w/api.php' } });
  };
const blocked: Prepare = ({ wiki }) => {
  for (const name of Object.values(PEOPLE)) wiki.hands.block(name);
};
const protect =
  (id: number): Prepare =>
  ({ wiki, page }) =>
    wiki.hands.protect(page(id));
const scopeBasic: Prepare = (scene) => {
  scene.bearer = scene.wiki.hands.issueTokens('Practice Anna', scene.wiki.client.id, ['basic']).accessToken;
};
const full: Prepare = ({ wiki }) => wiki.hands.setRateLimit(0, 60);
const both =
  (...steps: Prepare[]): Prepare =>
  async (scene) => {
    for (const step of steps) await step(scene);
  };
const duplicateThere: Prepare = ({ depict }) => void depict(11, 'Q9004');
const sameAgain: Prepare = async ({ depict, change }) => {
  const id = depict(13, 'Q9002');
  change.claim = depicts(id, 'Q9002', boxed('pct:10.5,20,30,40'));
};

/**
 * A change against the revision that the page has now, after which other people do something.
 * @param of the recorded page id
 */
const since =
  (of: number, before: Prepare, after: (scene: Scene, guid: string) => void = () => {}): Prepare =>
  async (scene) => {
    await before(scene);
    const guid = scene.change.claim ? (JSON.parse(scene.change.claim) as { id: string }).id : '';
    scene.change.baserevid = String(scene.wiki.hands.page(scene.page(of)).latest);
    after(scene, guid);
  };
/** The recorded change of a statement that somebody else had made to say another thing. */
const ourChange =
  (id: number, from: string, to: string): Prepare =>
  ({ depict, change }) => {
    change.claim = depicts(depict(id, from), to);
  };
const theyDepict =
  (id: number, item: string) =>
  ({ wiki, page }: Scene, guid: string): void =>
    void wiki.hands.depict(page(id), item, { id: guid });
const theyRemove =
  (id: number) =>
  ({ wiki, page }: Scene, guid: string): void =>
    wiki.hands.removeStatement(page(id), guid);
const theyAdd =
  (id: number) =>
  ({ depict }: Scene): void =>
    void depict(id, 'Q9006');

/** What has to be there before a recorded request is repeated; the others need nothing. */
const PREPARE: Readonly<Record<string, Prepare>> = {
  'api-after-grant-revoked': (scene) => {
    scene.bearer = scene.wiki.hands.issueTokens('Practice Bo').accessToken;
    scene.wiki.hands.revokeGrant('Practice Bo');
  },
  'api-consumer-disabled': mischief('mwoauth-invalid-authorization-not-approved'),
  'api-expired-bearer': (scene) => {
    scene.bearer = scene.wiki.hands.issueTokens('Practice Anna').accessToken;
    scene.wiki.clock.time += 5 * 3_600_000;
  },
  'api-old-access-after-refresh': async (scene) => {
    const { wiki } = scene;
    const tokens = wiki.hands.issueTokens('Practice Anna');
    scene.bearer = tokens.accessToken;
    await fetch(`${wiki.url}/w/rest.php/oauth2/access_token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: tokens.refreshToken,
        client_id: wiki.client.id,
        client_secret: 's3cret',
      }),
    });
  },
  'api-older-access-token-after-reauthorization': (scene) => {
    scene.bearer = scene.wiki.hands.issueTokens('Practice Bo').accessToken;
    scene.wiki.hands.issueTokens('Practice Bo');
  },
  'api-categorymembers-file-2': ({ wiki, change }) => {
    change.cmcontinue = `file|${hex('TEST PORTRAIT 4.JPG')}|${wiki.hands.page(TITLES[3] ?? '').id}`;
  },
  'api-generator-imageinfo-2': ({ wiki, change }) => {
    change.gcmcontinue = `file|${hex('TEST PORTRAIT 4.JPG')}|${wiki.hands.page(TITLES[3] ?? '').id}`;
  },
  'api-pageids-missing': ({ wiki, change }) => {
    change.pageids = `${wiki.hands.page(TITLES[0] ?? '').id}|999999`;
  },
  'api-search-haswbstatement': ({ change }) => {
    // That wiki had no index of statements, so that its answer was empty.
    change.srsearch = 'haswbstatement:P180=Q9999';
  },
  'api-slot-content': both(statementOn(13), ({ depict, change, page }) => {
    depict(13, 'Q9004');
    change.pageids = String(page(13));
  }),
  'baserevid-old-other-statement': since(13, statementOn(13), theyAdd(13)),
  'baserevid-other-page': statementOn(13),
  'baserevid-page-lastrevid-before-mediainfo': since(16, () => {}, theyAdd(16)),
  'baserevid-page-lastrevid-missing-entity': since(16, () => {}),
  'baserevid-same-statement-changed-patched': since(
    13,
    both(sameAgain, ({ change }) => {
      change.claim = (change.claim ?? '').replaceAll('9002', '9005');
    }),
    theyDepict(13, 'Q9003'),
  ),
  'baserevid-statement-removed-since': since(
    13,
    both(sameAgain, ({ change }) => {
      change.claim = (change.claim ?? '').replaceAll('9002', '9005');
    }),
  ),
  'conflict-both-changed-mainsnak': since(13, ourChange(13, 'Q9003', 'Q9005'), theyDepict(13, 'Q9004')),
  'conflict-changed-but-removed-since': since(13, ourChange(13, 'Q9003', 'Q9005'), theyRemove(13)),
  'conflict-same-change-already-made': since(13, ourChange(13, 'Q9003', 'Q9005'), theyDepict(13, 'Q9005')),
  'selfconflict-other-statement': since(11, ourChange(11, 'Q9002', 'Q9003'), theyAdd(11)),
  'selfconflict-same-change-twice': since(11, ourChange(11, 'Q9002', 'Q9006'), theyDepict(11, 'Q9006')),
  'wbsetclaim-unchanged-but-removed-since-with-baserevid': since(
    13,
    ourChange(13, 'Q9003', 'Q9003'),
    theyRemove(13),
  ),
  'api-userinfo-blocked': blocked,
  'api-userinfo-partially-blocked': ({ wiki, page }) =>
    wiki.hands.block('Practice Bo', { pages: [page(17)], reason: 'partial' }),
  'api-userinfo-scope-basic': scopeBasic,
  'abusefilter-warn-second': mischief('abusefilter-warning'),
  'err-abusefilter-disallow-plaintext': mischief('abusefilter-disallowed'),
  'err-abusefilter-disallow': mischief('abusefilter-disallowed'),
  'err-abusefilter-warn-first': mischief('abusefilter-warning'),
  'err-badtoken-anon-token': (scene) => {
    scene.token = '+\\';
  },
  'err-badtoken': (scene) => {
    scene.token = '0123456789abcdef0123456789abcdef01234567+\\';
  },
  'csrf-token-after-refresh': (scene) => {
    scene.token = '0123456789abcdef0123456789abcdef01234567+\\';
  },
  'err-no-token': (scene) => {
    scene.token = null;
  },
  'err-token-in-query': (scene) => {
    scene.tokenInAddress = true;
  },
  'err-blocked-plaintext': blocked,
  'err-blocked': blocked,
  'err-partially-blocked-page': ({ wiki, page }) => wiki.hands.block('Practice Bo', { pages: [page(17)] }),
  'partially-blocked-other-page-ok': ({ wiki, page }) =>
    wiki.hands.block('Practice Bo', { pages: [page(17)] }),
  'err-db-down-anon': mischief('database_down'),
  'err-db-down': mischief('database_down'),
  'err-maxlag-plaintext': mischief('maxlag'),
  'err-maxlag-read': mischief('maxlag'),
  'err-maxlag-write': mischief('maxlag'),
  'maxlag-30-ok': mischief('maxlag', statementThere),
  'maxlag-5-ok': statementThere,
  'maxlag-absent-ok': mischief('maxlag', statementThere),
  'err-protectedpage-plaintext': protect(17),
  'err-protectedpage': protect(17),
  'err-ratelimited-plaintext': full,
  'err-ratelimited': full,
  'err-readonly-plaintext': mischief('readonly'),
  'err-readonly': mischief('readonly'),
  'read-while-readonly': mischief('readonly'),
  'errorformat-plaintext': statementThere,
  'matrix-blocked-wbremoveclaims': both(removable, blocked),
  'matrix-blocked-wbsetclaim': blocked,
  'matrix-protected-wbremoveclaims': both(removable, protect(13)),
  'matrix-protected-wbsetclaim': protect(13),
  'matrix-ratelimited-wbremoveclaims': both(removable, full),
  'matrix-ratelimited-wbsetclaim': full,
  'matrix-readonly-wbremoveclaims': mischief('readonly', removable),
  'matrix-readonly-wbsetclaim': mischief('readonly'),
  'matrix-scope-basic-wbremoveclaims': both(removable, scopeBasic),
  'matrix-scope-basic-wbsetclaim': scopeBasic,
  'remove-already-removed-no-baserevid': both(removable, ({ wiki, page, change }) =>
    wiki.hands.removeStatement(page(13), change.claim ?? ''),
  ),
  'wbgetentities-cleared': emptied(13),
  'wbgetentities-emptied': emptied(16),
  'wbgetentities-deleted-file': ({ wiki, page }) => wiki.hands.deletePage(page(15)),
  // The recorded items had no statements yet.
  'wbgetentities-items-languagefallback': ({ change }) => {
    change.ids = 'Q5|Q43229';
  },
  'wbgetentities-mixed': both(statementThere, ({ change, page }) => {
    change.ids = `M${page(11)}|M${page(12)}|M999999|Q5|Q999`;
  }),
  'wbgetentities-moved-file': both(emptied(16), ({ wiki, page }) =>
    wiki.hands.moveFile(wiki.hands.page(page(16)).title, `File:Moved ${page(16)}.jpg`),
  ),
  'wbgetentities-props-claims': statementThere,
  'wbgetentities-props-info': statementThere,
  'wbgetentities-with-statement': statementThere,
  'wbremoveclaims-again': both(
    ({ depict, change }) => {
      change.claim = depict(16);
    },
    ({ wiki, page, change }) => wiki.hands.removeStatement(page(16), change.claim ?? ''),
  ),
  'wbremoveclaims-ok': ({ depict, change }) => {
    change.claim = depict(16);
  },
  'wbremoveclaims-unknown-guid': ({ depict }) => void depict(16),
  'wbremoveclaims-two-entities': ({ depict }) => void depict(16),
  // Several of the items here begin with these letters.
  'wbsearchentities-limit': ({ change }) => {
    change.search = 'h';
  },
  'wbsetclaim-change-rank': ({ depict, change }) => {
    change.claim = depicts(depict(13, 'Q9002'), 'Q9002', {
      rank: 'preferred',
      ...boxed('pct:10.5,20,30,40'),
    });
  },
  'wbsetclaim-deleted-file': ({ wiki, page }) => wiki.hands.deletePage(page(15)),
  'wbsetclaim-ignoreduplicatemainsnak': duplicateThere,
  'wbsetclaim-ignoreduplicatemainsnak-other-qualifier': duplicateThere,
  'wbsetclaim-ignoreduplicatemainsnak-plaintext': duplicateThere,
  'wbsetclaim-retry-same-guid-ignoreduplicate': claimThere(13, 'Q9004'),
  'wbsetclaim-retry-same-guid': claimThere(11, 'Q9005'),
  'wbsetclaim-same-again': sameAgain,
};

function emptied(id: number): Prepare {
  return ({ wiki, depict, page }) => wiki.hands.removeStatement(page(id), depict(id));
}

describe('the pocket wiki answers as the recorded one did', () => {
  let wiki: TestWiki;
  let spare: number[];
  let tokens: Record<string, string>;
  beforeAll(async () => {
    wiki = await startTestWiki('practice');
    wiki.hands.addCategory(CATEGORY);
    wiki.hands.addCategory('Category:Test people by year', CATEGORY);
    wiki.hands.addPage('Talk:Some article', CATEGORY);
    for (const title of TITLES) await wiki.hands.addFile({ title, category: CATEGORY });
    await wiki.hands.addFile({ title: 'File:Test portrait 6.jpg', category: CATEGORY });
    wiki.hands.moveFile('File:Test portrait 6.jpg', 'File:Renamed portrait 6.jpg');
    spare = await wiki.hands.addManyFiles(300, 'Category:Spare pages');
  });
  afterAll(() => wiki.close());
  afterEach(() => {
    wiki.misbehave.clear();
    wiki.hands.setRateLimit(900, 180);
    for (const name of Object.values(PEOPLE)) wiki.hands.unblock(name);
  });

  it('has what the list says', () => {
    expect(Object.keys(RECORDINGS)).toEqual(API_RECORDINGS);
  });

  it.each(API_RECORDINGS)('%s', async (name) => {
    const recording = RECORDINGS[name];
    if (!recording) throw new Error(name);
    tokens = { Alice: tokenOf('Alice'), Bob: tokenOf('Bob'), garbage: 'garbage' };
    const scene = newScene();
    await PREPARE[name]?.(scene);
    if (name === 'abusefilter-warn-second') await send(recording, scene);
    const answer = await send(recording, scene);
    expect({
      status: answer.status,
      codes: answer.headers.get('mediawiki-api-error') ?? undefined,
      retryAfter: answer.headers.get('retry-after') ?? undefined,
      type: answer.headers.get('content-type')?.split(';')[0],
      // A page of HTML to look at, where the original shows its trace.
      shape: recording.shape && shapeOf(await answer.json()),
    }).toEqual({
      status: recording.status,
      codes: recording.codes,
      retryAfter: recording.retryAfter,
      type: recording.type,
      shape: recording.shape,
    });
  });

  function tokenOf(person: string): string {
    return wiki.hands.issueTokens(PEOPLE[person] ?? '', wiki.client.id).accessToken;
  }

  function newScene(): Scene {
    const pages = new Map<number, number>();
    const page = (recordedId: number) => {
      const known = pages.get(recordedId) ?? spare.pop();
      if (known === undefined) throw new Error('no spare pages left');
      pages.set(recordedId, known);
      return known;
    };
    const depict = (recordedId: number, item = 'Q9002', guid = randomUUID().toUpperCase()) =>
      wiki.hands.depict(page(recordedId), item, { id: `M${page(recordedId)}$${guid}` });
    return { wiki, page, depict, change: {} };
  }

  async function send(recording: Recording, scene: Scene): Promise<Response> {
    const bearer = scene.bearer ?? tokens[recording.as];
    const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const params = { format: 'json', ...mapped(recording.params, scene), ...scene.change };
    if (recording.method === 'GET') {
      return fetch(`${wiki.url}/w/api.php?${new URLSearchParams(params)}`, { headers });
    }
    const token = scene.token === undefined ? await editToken(headers) : scene.token;
    const search = scene.tokenInAddress ? `?${new URLSearchParams({ token: token ?? '' })}` : '';
    const form = { ...params, ...(token === null || scene.tokenInAddress ? {} : { token }) };
    return fetch(`${wiki.url}/w/api.php${search}`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(form),
    });
  }

  async function editToken(headers: Record<string, string>): Promise<string> {
    const params = { action: 'query', meta: 'tokens', type: 'csrf', format: 'json', formatversion: '2' };
    const answer = await fetch(`${wiki.url}/w/api.php?${new URLSearchParams(params)}`, { headers });
    const body = (await answer.json()) as { query: { tokens: { csrftoken: string } } };
    return body.query.tokens.csrftoken;
  }
});

/** The recorded ids of pages, items and people, as the pocket wiki's. */
function mapped(params: Recording['params'], { page }: Scene): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([key, value]) => [
      key,
      key === 'ids' && value.split('|').length > 50
        ? value
        : value
            .replace(
              /\b([Mm])(1[1-9]|2[0-5])\b/g,
              (_, letter: string, id: string) => `${letter}${page(Number(id))}`,
            )
            .replace(/\bQ([1-6])\b/g, 'Q900$1')
            .replace(/\bnumeric-id": ([1-6])\b/g, 'numeric-id": 900$1')
            .replace(/^Alice$/, 'Practice Anna')
            .replace(/^Bob$/, 'Practice Bo'),
    ]),
  );
}

function boxed(text: string) {
  const datavalue = { type: 'string', value: text };
  return {
    qualifiers: { P2677: [{ snaktype: 'value', property: 'P2677', datavalue }] },
    'qualifiers-order': ['P2677'],
  };
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}
