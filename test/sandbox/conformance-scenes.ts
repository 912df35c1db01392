import { depicts, position, type TestWiki } from './harness.ts';

export const PEOPLE: Readonly<Record<string, string>> = { Alice: 'Practice Anna', Bob: 'Practice Bo' };
export const CATEGORY = 'Category:Test people';
/** The recorded wiki had M11 to M16 for these; every recording gets pages of its own here. */
export const TITLES = [1, 2, 3, 4, 5, 7, 8, 9].map((number) => `File:Test portrait ${number}.jpg`);

/** What a recorded request meets on the pocket wiki; what prepares it changes it. */
export interface Scene {
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

export type Prepare = (scene: Scene) => void | Promise<void>;

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
  change.claim = depicts(id, 'Q9002', position('pct:10.5,20,30,40'));
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
export const PREPARE: Readonly<Record<string, Prepare>> = {
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
      ...position('pct:10.5,20,30,40'),
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

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}
