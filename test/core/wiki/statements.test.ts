import { describe, expect, it } from 'vitest';
import { positionText, readPosition } from '../../../src/core/wiki/position.ts';
import { isSameStatement, newStatementId, pageIdOfStatement } from '../../../src/core/wiki/statement-id.ts';
import { readStatements, removeStatement, setRank, setStatement } from '../../../src/core/wiki/statements.ts';
import { answer, apiError, csrf, fakeAccount, fakeClient, fakeFetch, lostAnswer } from './fakes.ts';

const GUID = 'M13$F460B622-F1A5-4C6B-867C-A1D1E038ECE3';

function statement(id: string, value: Record<string, unknown> = { 'entity-type': 'item', id: 'Q2' }) {
  const datavalue = { value, type: 'wikibase-entityid' };
  return {
    mainsnak: { snaktype: 'value', property: 'P180', hash: '3dd1', datavalue },
    type: 'statement',
    id,
    rank: 'normal',
  };
}

const file = (pageid: number, statements: unknown) => ({
  pageid,
  ns: 6,
  title: 'File:Test.jpg',
  lastrevid: 23,
  type: 'mediainfo',
  id: `M${pageid}`,
  labels: {},
  descriptions: {},
  statements,
});

const duplicate = answer({
  warnings: [
    {
      code: 'wikibase-setclaim-warning-duplicatemainsnak',
      text: 'Duplicate main snak detected. Statement not added.',
      module: 'wbsetclaim',
    },
  ],
});
const saved = answer({ pageinfo: { lastrevid: 28 }, success: 1, claim: statement(GUID) });

const NEW = { pageId: 13, property: 'P180', itemId: 'Q2', statementId: GUID, summary: 'Ada' };

describe('readStatements', () => {
  it('reads files with, without and with emptied structured data', async () => {
    const somevalue = {
      mainsnak: { snaktype: 'somevalue', property: 'P180', hash: 'x' },
      type: 'statement',
      id: 'M11$S',
      rank: 'preferred',
    };
    const placed = {
      ...statement('M11$B', { 'entity-type': 'item', 'numeric-id': 3 }),
      qualifiers: {
        P2677: ['pct:10.5,20,30,40', 'somewhere'].map((value) => ({
          snaktype: 'value',
          property: 'P2677',
          datavalue: { value, type: 'string' },
        })),
      },
      'qualifiers-order': ['P2677'],
    };
    const wiki = fakeFetch(
      answer({
        entities: {
          M11: file(11, { P180: [statement('M11$A'), placed, somevalue], P6: [statement('M11$O')] }),
          M12: { id: 'M12', missing: '' },
          M16: file(16, []),
        },
        success: 1,
      }),
    );
    const found = await readStatements(fakeClient(wiki.fetch).client, [11, 12, 16], 'P180');
    expect(found.get(11)).toEqual({
      exists: true,
      revision: 23,
      statements: [
        { id: 'M11$A', itemId: 'Q2', rank: 'normal', positions: [] },
        { id: 'M11$B', itemId: 'Q3', rank: 'normal', positions: [[0.105, 0.2, 0.3, 0.4]] },
        { id: 'M11$S', itemId: null, rank: 'preferred', positions: [] },
      ],
    });
    expect(found.get(12)).toEqual({ exists: false, revision: null, statements: [] });
    expect(found.get(16)).toEqual({ exists: true, revision: 23, statements: [] });
    expect(wiki.seen[0]?.params.ids).toBe('M11|M12|M16');
  });
});

describe('setStatement', () => {
  it('sends our own statement id, and neither overwrites nor doubles', async () => {
    const wiki = fakeFetch(csrf(), saved);
    const outcome = await setStatement(fakeClient(wiki.fetch).client, {
      ...NEW,
      box: [0.105, 0.2, 0.3, 0.4],
      rank: 'preferred',
      account: fakeAccount(),
    });
    expect(outcome).toEqual({ outcome: 'saved', revision: 28 });
    const { claim, ...params } = wiki.seen[1]?.params ?? {};
    expect(params).toEqual({
      action: 'wbsetclaim',
      ignoreduplicatemainsnak: '',
      summary: 'Ada',
      token: 'csrf-1+\\',
      assertuser: 'Alice',
      maxlag: '5',
      format: 'json',
      formatversion: '2',
      errorformat: 'plaintext',
      errorlang: 'en',
    });
    expect(JSON.parse(claim ?? '')).toEqual({
      type: 'statement',
      mainsnak: {
        snaktype: 'value',
        property: 'P180',
        datavalue: { type: 'wikibase-entityid', value: { 'entity-type': 'item', id: 'Q2' } },
      },
      rank: 'preferred',
      id: GUID,
      qualifiers: {
        P2677: [
          {
            snaktype: 'value',
            property: 'P2677',
            datavalue: { type: 'string', value: 'pct:10.5,20,30,40' },
          },
        ],
      },
      'qualifiers-order': ['P2677'],
    });
  });

  it('repeats a write whose answer was lost with the same id, and reports the duplicate', async () => {
    const wiki = fakeFetch(csrf(), lostAnswer, duplicate);
    const outcome = await setStatement(fakeClient(wiki.fetch).client, { ...NEW, account: fakeAccount() });
    expect(outcome).toEqual({ outcome: 'duplicate', revision: null });
    expect(wiki.seen[2]?.params.claim).toBe(wiki.seen[1]?.params.claim);
  });

  it('does not take an answer without success for one', async () => {
    for (const body of [{}, { warnings: [{ code: 'unrecognizedparams', text: 'x' }] }, { success: 0 }]) {
      const wiki = fakeFetch(csrf(), answer(body));
      const work = setStatement(fakeClient(wiki.fetch).client, { ...NEW, account: fakeAccount() });
      await expect(work).rejects.toMatchObject({
        code: 'wiki',
        details: { statement: 'unknown', kind: 'stop' },
      });
    }
  });

  it('refuses a statement id of another file', async () => {
    const { client } = fakeClient(fakeFetch().fetch);
    const work = setStatement(client, { ...NEW, pageId: 14, account: fakeAccount() });
    await expect(work).rejects.toThrow(RangeError);
  });
});

describe('removeStatement', () => {
  const removal = { statementId: GUID, summary: 'undo' };
  const removed = answer({ pageinfo: { lastrevid: 42 }, success: 1, claims: [GUID] });

  it('removes by id', async () => {
    const wiki = fakeFetch(csrf(), removed);
    const outcome = await removeStatement(fakeClient(wiki.fetch).client, {
      ...removal,
      account: fakeAccount(),
    });
    expect(outcome).toBe('removed');
    expect(wiki.seen[1]?.params).toMatchObject({
      action: 'wbremoveclaims',
      claim: GUID,
      assertuser: 'Alice',
      maxlag: '5',
    });
  });

  it.each(['no-such-entity', 'no-such-claim', 'no-such-statement', 'notfound'])('%s: gone', async (code) => {
    const wiki = fakeFetch(csrf(), apiError([code]));
    const work = removeStatement(fakeClient(wiki.fetch).client, { ...removal, account: fakeAccount() });
    expect(await work).toBe('gone');
  });

  it('invalid-guid: gone only if a fresh read does not show it', async () => {
    const without = answer({ entities: { M13: file(13, { P180: [statement('M13$OTHER')] }) } });
    const gone = fakeFetch(csrf(), apiError(['invalid-guid']), without);
    expect(await removeStatement(fakeClient(gone.fetch).client, { ...removal, account: fakeAccount() })).toBe(
      'gone',
    );

    // Under another property, and in the other case: still there.
    const there = answer({ entities: { M13: file(13, { P921: [statement(GUID.toLowerCase())] }) } });
    const stays = fakeFetch(csrf(), apiError(['invalid-guid']), there);
    const work = removeStatement(fakeClient(stays.fetch).client, { ...removal, account: fakeAccount() });
    await expect(work).rejects.toMatchObject({ code: 'wiki', details: { kind: 'this_file' } });
  });

  it('a file without structured data any more: gone', async () => {
    const wiki = fakeFetch(
      csrf(),
      lostAnswer,
      apiError(['invalid-guid']),
      answer({ entities: { M13: { id: 'M13', missing: '' } } }),
    );
    const work = removeStatement(fakeClient(wiki.fetch).client, { ...removal, account: fakeAccount() });
    expect(await work).toBe('gone');
  });

  it('leaves other refusals to the caller', async () => {
    const wiki = fakeFetch(csrf(), apiError(['failed-save', 'blocked', 'permissionserrors']));
    const work = removeStatement(fakeClient(wiki.fetch).client, { ...removal, account: fakeAccount() });
    await expect(work).rejects.toMatchObject({ details: { kind: 'this_account', statement: 'refused' } });
  });
});

describe('statement ids', () => {
  it('are made in the form that the wiki keeps', () => {
    const id = newStatementId(13, () => 'f460b622-f1a5-4c6b-867c-a1d1e038ece3');
    expect(id).toBe(GUID);
    expect(pageIdOfStatement(id)).toBe(13);
    expect(isSameStatement(id, id.toLowerCase())).toBe(true);
  });

  it.each(['', 'Q2$F460B622-F1A5-4C6B-867C-A1D1E038ECE3', 'M13', 'M0$F460B622-F1A5-4C6B-867C-A1D1E038ECE3'])(
    '%j is none',
    (id) => {
      expect(() => pageIdOfStatement(id)).toThrow();
    },
  );
});

describe('positions', () => {
  it('are per cent of the upright picture', () => {
    expect(positionText([0.1, 0.123456, 1 / 3, 0])).toBe('pct:10,12.35,33.33,0');
    expect(readPosition('pct:10,12.35,33.33,0')?.map((part) => Number(part.toFixed(4)))).toEqual([
      0.1, 0.1235, 0.3333, 0,
    ]);
    for (const text of ['10,20,30,40', 'pct:1,2,3', 'pct:a,b,c,d', 'pct:-1,2,3,4', '']) {
      expect(readPosition(text)).toBeNull();
    }
  });
});

describe('setRank', () => {
  const RANK = { statementId: GUID, rank: 'preferred', summary: 'prominent' } as const;
  const stands = (rank = 'normal') =>
    answer({ entities: { M13: file(13, { P180: [{ ...statement(GUID), rank }] }) }, success: 1 });
  const away = answer({ entities: { M13: file(13, []) }, success: 1 });

  it('sends the whole statement back, against the revision that was read', async () => {
    const wiki = fakeFetch(stands(), csrf(), saved);
    const { client } = fakeClient(wiki.fetch);
    expect(await setRank(client, { ...RANK, account: fakeAccount() })).toBe('changed');
    expect(wiki.seen[2]?.params.baserevid).toBe('23');
    expect(JSON.parse(wiki.seen[2]?.params.claim ?? '')).toEqual({ ...statement(GUID), rank: 'preferred' });
  });

  it('writes nothing when there is nothing to change', async () => {
    const same = fakeFetch(stands('preferred'));
    expect(await setRank(fakeClient(same.fetch).client, { ...RANK, account: fakeAccount() })).toBe('changed');
    const gone = fakeFetch(away);
    expect(await setRank(fakeClient(gone.fetch).client, { ...RANK, account: fakeAccount() })).toBe('gone');
  });

  it('looks again at once after a conflict: somebody removed it, or our answer was lost', async () => {
    const conflict = apiError(['editconflict']);
    const removed = fakeFetch(stands(), csrf(), conflict, away);
    const first = fakeClient(removed.fetch);
    expect(await setRank(first.client, { ...RANK, account: fakeAccount() })).toBe('gone');
    expect(first.clock.sleeps).toEqual([]);
    const lost = fakeFetch(stands(), csrf(), lostAnswer, conflict, stands('preferred'));
    const second = fakeClient(lost.fetch);
    expect(await setRank(second.client, { ...RANK, account: fakeAccount() })).toBe('changed');
  });

  it('gives up after three conflicts', async () => {
    const conflict = apiError(['editconflict']);
    const wiki = fakeFetch(stands(), csrf(), conflict, stands(), conflict, stands(), conflict);
    const { client } = fakeClient(wiki.fetch);
    await expect(setRank(client, { ...RANK, account: fakeAccount() })).rejects.toMatchObject({
      details: { codes: ['editconflict'] },
    });
  });
});
