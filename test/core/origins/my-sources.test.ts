import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Act } from '../../../src/core/origins/acts.ts';
import { beginApproval } from '../../../src/core/origins/approvals.ts';
import { fromBytes } from '../../../src/core/origins/central-id.ts';
import { mySources, pauseSource, removeSource } from '../../../src/core/origins/my-sources.ts';
import { pagePolicy } from '../../../src/core/origins/page-policy.ts';
import { barePolicy, HEADER_BUDGET } from '../../../src/core/origins/policy.ts';
import { firstBrokenAuditRow } from '../../../src/core/platform/audit.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { engines, freshStore, twoStores } from '../../support/stores.ts';
import { readPolicy } from './support.ts';
import { DAY, POLICY, world } from './world.ts';

const A = 'https://a.example.com';
const B = 'https://b.example.com';

describe.each(engines())('a list of data sources on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;
  let here: ReturnType<typeof world>;
  beforeAll(async () => {
    ({ store, other, dispose } = await twoStores(kind));
    here = world(store);
  });
  afterAll(() => dispose());

  const list = async (account: number) => (await mySources(here.deps, account)).entries;
  const keyHolder = async () => {
    const person = await here.person();
    const key = await here.enrol(person.account);
    here.clock.advance(DAY);
    const act = (given: Act) => here.withPasskey(person.account, key, given);
    return { ...person, act };
  };
  /** What another process sends on a page. */
  const sent = async (
    accountId: number | null,
    given: { kind?: 'ordinary' | 'bare'; projectId?: number } = {},
  ): Promise<string[]> => {
    const { headers } = await pagePolicy(
      { ...here.deps, store: other, log: silentLog },
      { accountId, kind: given.kind ?? 'ordinary', projectId: given.projectId ?? null },
    );
    const [, value = ''] = headers.find(([name]) => name.startsWith('Content-Security-Policy')) ?? [];
    const policy = readPolicy(value);
    const optIns = policy.get('default-src')?.slice(1) ?? [];
    expect(policy.get('img-src')?.slice(3)).toEqual(optIns);
    return optIns;
  };

  it('is kept as the RFC says, byte by byte', async () => {
    const { user, act } = await keyHolder();
    await act(here.add('https://bücher.de/a'));
    const [row] = await store.db.selectFrom('csp_sources').selectAll().where('csp_user', '=', user).execute();
    expect(row?.csp_user).toBe(user);
    expect(user).toBeGreaterThan(2 ** 31);
    expect(fromBytes(row?.csp_domain ?? new Uint8Array())).toBe('https://xn--bcher-kva.de/a/');
    expect(fromBytes(row?.csp_timestamp ?? new Uint8Array())).toBe(
      new Date(here.clock.now()).toISOString().replace(/\D/g, '').slice(0, 14),
    );
    await expect(
      store.db
        .insertInto('csp_sources')
        .values({
          csp_user: user,
          csp_domain: row?.csp_domain ?? '',
          csp_timestamp: row?.csp_timestamp ?? '',
        } as never)
        .execute(),
    ).rejects.toThrow();
  });

  it('is sent to its user alone, on ordinary pages alone', async () => {
    const ada = await keyHolder();
    const eve = await keyHolder();
    await ada.act(here.add(A));
    await eve.act(here.add(B));
    expect(await sent(ada.account)).toEqual([A]);
    expect(await sent(eve.account)).toEqual([B]);
    expect(await sent(null)).toEqual([]);
    expect(await sent(ada.account, { kind: 'bare' })).toEqual([]);
  });

  it('is paused and removed without an approval; resuming needs one', async () => {
    const { account, act } = await keyHolder();
    await act(here.add(A));
    await pauseSource(here.deps, { accountId: account, value: A });
    expect(await list(account)).toMatchObject([{ value: A, silence: 'paused' }]);
    expect(await sent(account)).toEqual([]);
    await act({ action: 'resume', origin: A });
    expect(await sent(account)).toEqual([A]);
    await expect(act({ action: 'resume', origin: A })).rejects.toMatchObject({ code: 'conflict' });
    await removeSource(here.deps, { accountId: account, value: A });
    expect(await list(account)).toEqual([]);
    for (const change of [pauseSource, removeSource])
      await expect(change(here.deps, { accountId: account, value: A })).rejects.toMatchObject({
        code: 'not_found',
      });
  });

  it('belongs to one user: nobody else pauses, removes or renews it', async () => {
    const ada = await keyHolder();
    const eve = await keyHolder();
    await ada.act(here.add(A));
    await expect(removeSource(here.deps, { accountId: eve.account, value: A })).rejects.toThrow(
      'not on your list',
    );
    await expect(eve.act({ action: 'renew', origin: A, days: 30 })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await sent(ada.account)).toEqual([A]);
  });

  it('runs out by itself and is renewed', async () => {
    const { account, act } = await keyHolder();
    await act(here.add(A, 30));
    const begun = here.clock.now();
    here.clock.advance(30 * DAY - 1);
    expect(await sent(account)).toEqual([A]);
    here.clock.advance(1);
    expect(await sent(account)).toEqual([]);
    expect(await list(account)).toMatchObject([{ silence: 'expired', addedAt: begun }]);
    await act({ action: 'renew', origin: A, days: 90 });
    expect(await list(account)).toMatchObject([{ silence: null, expiresAt: here.clock.now() + 90 * DAY }]);
  });

  it('is edited in one step; a paused entry stays paused', async () => {
    const { account, act } = await keyHolder();
    await act(here.add(`${A}/x/`));
    await pauseSource(here.deps, { accountId: account, value: `${A}/x/` });
    await act({ action: 'edit', from: `${A}/x/`, origin: A, days: 30, note: 'all of it' });
    expect(await list(account)).toMatchObject([{ value: A, note: 'all of it', silence: 'paused' }]);
    await expect(act({ action: 'edit', from: B, origin: A, days: 30, note: '' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it.each([
    [{ action: 'add', origin: '*', days: 30, note: '' }, 'wildcard'],
    [{ action: 'add', origin: 'https://visavis.example.org', days: 30, note: '' }, 'own_origin'],
    [{ action: 'add', origin: 'https://unpkg.com', days: 30, note: '' }, 'path_required'],
  ] as const)('%s is refused before anybody is asked to confirm', async (act, refusal) => {
    const { account } = await here.person();
    await expect(
      beginApproval(here.deps, { accountId: account, act, method: 'passkey' }),
    ).rejects.toMatchObject({ code: 'bad_input', details: { refusal } });
  });

  it('lasts 30, 90, 180 or 365 days and no other time', async () => {
    const { account } = await here.person();
    for (const days of [0, 31, 3650, -30]) {
      const act = { action: 'add', origin: A, days, note: '' } as unknown as Act;
      await expect(
        beginApproval(here.deps, { accountId: account, act, method: 'login' }),
      ).rejects.toMatchObject({ code: 'bad_input' });
    }
  });

  it('takes nothing twice, and nothing that a wider entry allows already', async () => {
    const { act } = await keyHolder();
    await act(here.add(A));
    for (const origin of [A, `${A}/x/`])
      await expect(act(here.add(origin))).rejects.toMatchObject({ details: { refusal: 'already_there' } });
    await act(here.add('wss://a.example.com'));
  });

  it('ends at the budget, with the reason, also when two come at one time', async () => {
    const { account, act } = await keyHolder();
    const origin = (n: number) => `https://host-${n}.${'long-'.repeat(8)}name.example.com/`;
    let most = 0;
    try {
      for (;;) {
        await act(here.add(origin(most)));
        most++;
      }
    } catch (error) {
      expect(error).toMatchObject({ code: 'bad_input', details: { refusal: 'over_budget' } });
      expect((error as Error).message).toContain(String(HEADER_BUDGET));
    }
    expect(await sent(account)).toHaveLength(most);
    const { headers } = await pagePolicy(
      { ...here.deps, log: silentLog },
      { accountId: account, kind: 'ordinary', projectId: null },
    );
    for (const [name, value] of headers)
      expect(`${name}: ${value}\r\n`.length).toBeLessThanOrEqual(HEADER_BUDGET);

    // What is paused still has its place.
    await pauseSource(here.deps, { accountId: account, value: origin(0).slice(0, -1) });
    await expect(act(here.add(origin(900)))).rejects.toMatchObject({ details: { refusal: 'over_budget' } });
    await removeSource(here.deps, { accountId: account, value: origin(0).slice(0, -1) });
    const both = await Promise.allSettled([act(here.add(origin(901))), act(here.add(origin(902)))]);
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await mySources(here.deps, account)).bytes.fits).toBe(true);
  });

  it('says nothing about rows that others wrote until they are approved, and never sends what is no origin', async () => {
    const { account, user, act } = await keyHolder();
    const write = (csp_domain: string) =>
      store.db
        .insertInto('csp_sources')
        .values({
          csp_user: user,
          csp_domain: Buffer.from(csp_domain),
          csp_timestamp: Buffer.from('20260101000000'),
        })
        .execute();
    await write(A);
    await write('https://x.example.com;script-src-elem *');
    expect(await sent(account)).toEqual([]);
    expect((await list(account)).map((entry) => entry.silence)).toEqual(['not_approved', 'not_approved']);
    await expect(act({ action: 'resume', origin: A })).rejects.toMatchObject({ code: 'conflict' });
    await act({ action: 'renew', origin: A, days: 30 });
    await expect(
      act({ action: 'renew', origin: 'https://x.example.com;script-src-elem *', days: 30 }),
    ).rejects.toMatchObject({ code: 'bad_input' });
    expect(await sent(account)).toEqual([A]);
  });

  it('notes the day on which an entry was sent, and nothing more', async () => {
    const { account, act } = await keyHolder();
    await act(here.add(A));
    expect(await list(account)).toMatchObject([{ sentOn: null }]);
    await sent(account);
    const day = Number(new Date(here.clock.now()).toISOString().replace(/\D/g, '').slice(0, 8));
    expect(await list(account)).toMatchObject([{ sentOn: day }]);
  });

  it('notes no day while the site is read-only, and is sent all the same', async () => {
    const { account, act } = await keyHolder();
    await act(here.add(A));
    const readOnly = { name: 'read only', value: JSON.stringify({ since: 0, reason: '' }) };
    await here.deps.store.db.insertInto('settings').values(readOnly).execute();
    expect(await sent(account)).toEqual([A]);
    await here.deps.store.db.deleteFrom('settings').where('name', '=', readOnly.name).execute();
    expect(await list(account)).toMatchObject([{ sentOn: null }]);
  });

  it('is narrowed by what a project declares, on its pages', async () => {
    const { account, act } = await keyHolder();
    await act(here.add(A));
    await act(here.add(B));
    const { id: projectId, owner } = await addProject(store);
    expect(await sent(account, { projectId })).toEqual([A, B]);
    await store.db
      .insertInto('project_origins')
      .values({
        project_id: projectId,
        origin: `${B}/api/`,
        who: 'w',
        purpose: 'p',
        added_by: owner,
        added_at: 0,
      })
      .execute();
    expect(await sent(account, { projectId })).toEqual([`${B}/api/`]);
    expect(await sent(account)).toEqual([A, B]);
  });

  it('is not sent after any error', async () => {
    const { account, act } = await keyHolder();
    await act(here.add(A));
    const broken = await freshStore(kind);
    await broken.dispose();
    const errors: unknown[] = [];
    const log = { ...silentLog, error: (...given: unknown[]) => void errors.push(given) };
    const { headers } = await pagePolicy(
      { ...here.deps, store: broken.store, log },
      { accountId: account, kind: 'ordinary', projectId: null },
    );
    expect(headers[0]).toEqual(['Content-Security-Policy', barePolicy(POLICY)]);
    expect(errors).toHaveLength(1);
  });

  it('leaves a whole audit log without the origins', async () => {
    expect(await firstBrokenAuditRow(store)).toBeNull();
    const rows = await store.db.selectFrom('audit').select(['action', 'subject', 'detail']).execute();
    expect(rows.map((row) => row.action)).toContain('data source allowed');
    expect(JSON.stringify(rows)).not.toContain('example.com');
  });
});
