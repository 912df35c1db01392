import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  allowedOrigins,
  allowOrigin,
  chooseForSite,
  deniedHosts,
  denyHost,
  setSharedHost,
  sharedHosts,
  stopAllowing,
  stopDenying,
} from '../../../src/core/origins/administration.ts';
import { changesSince, dryRun, FRAGMENT_MS, fragmentFor } from '../../../src/core/origins/fragment.ts';
import { mySources, removeSource } from '../../../src/core/origins/my-sources.ts';
import { pagePolicy } from '../../../src/core/origins/page-policy.ts';
import { PENDING_MS } from '../../../src/core/origins/pending.ts';
import { SHARED_HOSTS } from '../../../src/core/origins/rules.ts';
import { DEFAULT_CHOICES, type SiteChoices } from '../../../src/core/origins/site.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { engines, twoStores } from '../../support/stores.ts';
import { DAY, world } from './world.ts';

const A = 'https://a.example.com';

describe.each(engines())('administrators and wikis on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;
  let here: ReturnType<typeof world>;
  let admin: number;
  beforeAll(async () => {
    ({ store, other, dispose } = await twoStores(kind));
    here = world(store);
    admin = await here.admin();
  });
  afterAll(() => dispose());

  const choose = (given: Partial<SiteChoices>) =>
    chooseForSite(here.deps, { accountId: admin, choices: { ...DEFAULT_CHOICES, ...given } });
  const headers = async (accountId: number | null) => {
    const deps = { ...here.deps, store: other, log: silentLog };
    return (await pagePolicy(deps, { accountId, kind: 'ordinary', projectId: null })).headers;
  };
  const fragment = async (user: number) => (await fragmentFor({ ...here.deps, store: other }, user)).fragment;
  const silence = async (account: number) => (await mySources(here.deps, account)).entries[0]?.silence;

  it('a denial holds at the next request of every process, and takes nothing away', async () => {
    const { account, user } = await here.person();
    await here.allow(account, 'https://deep.cdn.tracker.com');
    expect((await headers(account))[0]?.[1]).toContain('tracker.com');
    await denyHost(here.deps, { accountId: admin, host: 'CDN.Tracker.com', reason: 'It tracks.' });
    expect((await headers(account))[0]?.[1]).not.toContain('tracker.com');
    expect(await fragment(user)).toMatchObject({ defaultSrc: [], fragment: '', bytes: 0 });
    expect(await silence(account)).toBe('denied');
    expect(await deniedHosts(store)).toMatchObject([{ host: 'cdn.tracker.com', reason: 'It tracks.' }]);
    expect(await dryRun(here.deps, { user, input: 'https://x.cdn.tracker.com' })).toMatchObject({
      code: 'denied_by_administrator',
    });
    await stopDenying(here.deps, { accountId: admin, host: 'cdn.tracker.com' });
    expect((await headers(account))[0]?.[1]).toContain('tracker.com');
  });

  it('is an administrator, or nothing happens', async () => {
    const { account } = await here.person();
    const no = { code: 'forbidden' };
    const { deps } = here;
    await expect(denyHost(deps, { accountId: account, host: 'x.com', reason: 'x' })).rejects.toMatchObject(
      no,
    );
    await expect(stopDenying(deps, { accountId: account, host: 'x.com' })).rejects.toMatchObject(no);
    await expect(allowOrigin(deps, { accountId: account, origin: A, label: 'x' })).rejects.toMatchObject(no);
    await expect(stopAllowing(deps, { accountId: account, origin: A })).rejects.toMatchObject(no);
    await expect(
      setSharedHost(deps, { accountId: account, host: 'x.com', segments: 1 }),
    ).rejects.toMatchObject(no);
    await expect(chooseForSite(deps, { accountId: account, choices: DEFAULT_CHOICES })).rejects.toMatchObject(
      no,
    );
    expect([await deniedHosts(store), await allowedOrigins(store)]).toEqual([[], []]);
  });

  it('in the mode of the list only what is on it is added and sent', async () => {
    const { account, user } = await here.person();
    await here.allow(account, A);
    await choose({ mode: 'preapproved' });
    expect(await silence(account)).toBe('not_preapproved');
    expect(await dryRun(here.deps, { user, input: 'https://b.example.com' })).toMatchObject({
      code: 'not_preapproved',
    });
    await allowOrigin(here.deps, { accountId: admin, origin: 'A.example.com', label: 'The gallery' });
    expect(await allowedOrigins(store)).toMatchObject([{ origin: A, label: 'The gallery' }]);
    expect(await silence(account)).toBeNull();
    await expect(allowOrigin(here.deps, { accountId: admin, origin: A, label: 'x' })).rejects.toMatchObject({
      code: 'conflict',
    });
    await expect(allowOrigin(here.deps, { accountId: admin, origin: '*', label: 'x' })).rejects.toMatchObject(
      {
        details: { refusal: 'wildcard' },
      },
    );
    await stopAllowing(here.deps, { accountId: admin, origin: A });
    await choose({ mode: 'off' });
    expect(await silence(account)).toBe('off');
    expect(await fragment(user)).toMatchObject({ defaultSrc: [] });
    expect(await dryRun(here.deps, { user, input: 'https://b.example.com' })).toMatchObject({
      code: 'switched_off',
    });
    await choose({});
    expect(await silence(account)).toBeNull();
  });

  it('a site can only report, and try a stricter policy beside its own', async () => {
    const { account } = await here.person();
    const names = async () => (await headers(account)).map(([name]) => name);
    expect(await names()).toEqual(['Content-Security-Policy', 'Reporting-Endpoints']);
    await choose({ trials: ['no_data_pictures', 'no_connections'] });
    expect(await names()).toEqual([
      'Content-Security-Policy',
      'Content-Security-Policy-Report-Only',
      'Reporting-Endpoints',
    ]);
    const [own, trial, endpoints] = (await headers(account)).map(([, value]) => value);
    expect(own).toContain('data:');
    expect(trial).not.toContain('data:');
    expect(trial).toContain("connect-src 'none'");
    expect(endpoints).toBe('csp="/api/csp/reports"');
    await choose({ enforced: false });
    expect(await names()).toEqual(['Content-Security-Policy-Report-Only', 'Reporting-Endpoints']);
    await choose({});
  });

  it('ports and shared hosts are theirs to choose', async () => {
    const { user } = await here.person();
    const run = async (input: string) => {
      const result = await dryRun(here.deps, { user, input });
      return result.ok ? result.origin.value : result.code;
    };
    expect(await sharedHosts(store)).toEqual(
      [...SHARED_HOSTS]
        .map(([host, segments]) => ({ host, segments }))
        .sort((a, b) => (a.host < b.host ? -1 : 1)),
    );
    expect(await run(`${A}:8443`)).toBe('port_not_allowed');
    await choose({ ports: [8443] });
    expect(await run(`${A}:8443`)).toBe(`${A}:8443`);
    await choose({});
    await setSharedHost(here.deps, { accountId: admin, host: 'pages.example.edu', segments: 2 });
    expect(await run('pages.example.edu/~ada')).toBe('path_required');
    await setSharedHost(here.deps, { accountId: admin, host: 'pages.example.edu', segments: 0 });
    expect(await run('pages.example.edu')).toBe('https://pages.example.edu');
    const bad = { code: 'bad_input' };
    await expect(choose({ ports: [0] })).rejects.toMatchObject(bad);
    await expect(choose({ sampling: 0 })).rejects.toMatchObject(bad);
    await expect(
      setSharedHost(here.deps, { accountId: admin, host: 'pages.example.edu', segments: 1.5 }),
    ).rejects.toMatchObject(bad);
    for (const host of ['', 'a b', 'https://x.com', '*.x.com', 'localhost', '-x.com'])
      await expect(denyHost(here.deps, { accountId: admin, host, reason: 'x' })).rejects.toMatchObject(bad);
    await expect(denyHost(here.deps, { accountId: admin, host: 'x.com', reason: ' ' })).rejects.toMatchObject(
      bad,
    );
  });

  describe('the fragment for a wiki', () => {
    it('is empty for somebody unknown, and has a tag that changes with the list alone', async () => {
      const { account, user } = await here.person();
      const before = await fragmentFor(here.deps, user);
      expect(before.fragment).toEqual({
        v: 1,
        user,
        defaultSrc: [],
        fragment: '',
        bytes: 0,
        validUntil: new Date(here.clock.now() + FRAGMENT_MS).toISOString(),
      });
      await here.allow(account, A);
      await here.allow(account, 'wss://a.example.com/v2/');
      const after = await fragmentFor(here.deps, user);
      expect(after.fragment).toMatchObject({
        defaultSrc: [A, 'wss://a.example.com/v2/'],
        fragment: `${A} wss://a.example.com/v2/`,
        bytes: 45,
      });
      expect(after.etag).toMatch(/^"[\w-]{22}"$/);
      expect(after.etag).not.toBe(before.etag);
      here.clock.advance(30_000);
      expect((await fragmentFor(here.deps, user)).etag).toBe(after.etag);
      const { user: another } = await here.person();
      expect((await fragmentFor(here.deps, another)).etag).not.toBe(before.etag);
    });

    it('is valid until something runs out or begins', async () => {
      const { account, user } = await here.person();
      await here.allow(account, A, 30);
      here.clock.advance(30 * DAY - PENDING_MS);
      await here.withLogin(account, here.add('https://b.example.com'));
      here.clock.advance(PENDING_MS - 10_000);
      const { validUntil } = await fragment(user);
      const ends = (await mySources(here.deps, account)).entries[0]?.expiresAt ?? 0;
      expect(Date.parse(validUntil)).toBe(Math.min(ends, here.clock.now() + 10_000));
      here.clock.advance(20_000);
      expect((await fragment(user)).defaultSrc).toEqual(['https://b.example.com']);
    });

    it('comes with a feed of whose list changed', async () => {
      const { next } = await changesSince(here.deps, 0);
      const { account, user } = await here.person();
      await here.withLogin(account, here.add(A));
      // What waits has changed nothing yet.
      expect(await changesSince(here.deps, next)).toEqual({ changes: [], next, more: false });
      here.clock.advance(PENDING_MS);
      await mySources(here.deps, account);
      await removeSource(here.deps, { accountId: account, value: A });
      await denyHost(here.deps, { accountId: admin, host: 'denied.net', reason: 'x' });
      const feed = await changesSince(here.deps, next);
      expect(feed.changes.map((change) => change.user)).toEqual([user, user, null]);
      expect(await changesSince(here.deps, feed.next)).toMatchObject({ changes: [] });
    });

    it('can be asked what would happen, and changes nothing', async () => {
      const { account, user } = await here.person();
      await here.allow(account, A);
      const run = (input: string) => dryRun(here.deps, { user, input });
      expect(await run('https://b.example.com')).toMatchObject({ ok: true, origin: { notes: [] } });
      expect(await run(A)).toMatchObject({ ok: false, code: 'already_there' });
      expect(await run('http://b.example.com')).toMatchObject({ ok: false, code: 'insecure_scheme' });
      expect((await mySources(here.deps, account)).entries).toHaveLength(1);
    });
  });
});
