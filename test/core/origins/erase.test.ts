import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportAccount } from '../../../src/core/accounts/export-data.ts';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import { beginApproval } from '../../../src/core/origins/approvals.ts';
import { changesSince, fragmentFor } from '../../../src/core/origins/fragment.ts';
import { createReportQueue } from '../../../src/core/origins/violations.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { placesOf } from '../../support/words.ts';
import { DAY, world } from './world.ts';

const ORIGIN = 'https://very-own-choice.example.com';

describe.each(engines())('forgetting an account on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let here: ReturnType<typeof world>;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    here = world(store);
  });
  afterAll(() => dispose());

  it('leaves nothing of its data sources, passkeys and notices, and tells the wikis', async () => {
    const { account, user } = await here.person();
    const kept = await here.person();
    const key = await here.enrol(account);
    here.clock.advance(DAY);
    await here.withPasskey(account, key, here.add(ORIGIN));
    await here.withLogin(account, here.add('https://very-own-second.example.com'));
    await here.allow(kept.account, 'https://kept.example.com');
    await beginApproval(here.deps, {
      accountId: account,
      act: here.add('https://very-own-third.example.com'),
      method: 'passkey',
    });
    const reports = createReportQueue(here.deps, { random: () => 0, sampling: () => 1 });
    reports.add([{ origin: 'https://x.example.net', directive: 'img-src', route: '/' }], user);
    await reports.flush();
    await here.withLogin(account, here.add('https://very-own-fourth.example.com'));
    const words = [String(user), 'very-own', 'A key'];
    expect(await placesOf(store, words)).toEqual([
      'account_notices.subject',
      'account_profiles.central_id',
      'csp_approvals.act',
      'csp_changes.csp_user',
      'csp_own_violations.csp_user',
      'csp_pending.act',
      'csp_pending.csp_user',
      'csp_pending.subject',
      'csp_source_details.csp_domain',
      'csp_source_details.csp_user',
      'csp_sources.csp_domain',
      'csp_sources.csp_user',
      'passkeys.name',
    ]);
    const exported = await exportAccount(here.deps, account);
    expect(exported.dataSources).toMatchObject({
      origins: [{ origin: ORIGIN, approvedBy: 'passkey', paused: false }],
      waiting: [{ action: 'add' }, { action: 'add' }],
      passkeys: [{ name: 'A key' }],
      blocked: [{ origin: 'https://x.example.net' }],
      notices: [{ kind: 'passkey-added' }, { kind: 'source-pending' }, { kind: 'source-pending' }],
    });
    const { next } = await changesSince(here.deps, 0);
    await forgetAccount({ ...here.deps, nudges: notedNudges() }, account);
    expect(await placesOf(store, words)).toEqual([]);
    expect((await fragmentFor(here.deps, user)).fragment.defaultSrc).toEqual([]);
    expect(await changesSince(here.deps, next)).toMatchObject({ changes: [{ user: null }] });
    expect((await fragmentFor(here.deps, kept.user)).fragment.defaultSrc).toEqual([
      'https://kept.example.com',
    ]);
  });
});
