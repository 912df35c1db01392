import type { Act } from '../../../src/core/origins/acts.ts';
import { approveWithLogin, beginApproval } from '../../../src/core/origins/approvals.ts';
import { mySources, performApproved } from '../../../src/core/origins/my-sources.ts';
import {
  approvalOptions,
  approveWithPasskey,
  enrolmentOptions,
  finishEnrolment,
} from '../../../src/core/origins/passkeys.ts';
import { PENDING_MS } from '../../../src/core/origins/pending.ts';
import type { SitePolicy } from '../../../src/core/origins/policy.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount } from '../../support/people.ts';
import { fakeClock } from '../wiki/fakes.ts';
import { Authenticator } from './authenticator.ts';

export const SITE = 'https://visavis.example.org';
export const POLICY: SitePolicy = {
  pictures: ['https://upload.wikimedia.org'],
  dataPictures: true,
  formActions: ['https://meta.wikimedia.org'],
  reports: '/api/csp/reports',
};
export const DAY = 24 * 60 * 60_000;

let centralIds = 4_000_000_000;

export interface Person {
  readonly account: number;
  /** Central id, above what a signed column holds. */
  readonly user: number;
}

/** A site with people who allow things. */
export function world(store: Store) {
  const clock = fakeClock();
  const deps = { store, clock, publicUrl: SITE, policy: POLICY };
  const add = (origin: string, days: 30 | 90 | 180 | 365 = 180): Act => ({
    action: 'add',
    origin,
    days,
    note: '',
  });

  const person = async (): Promise<Person> => {
    const account = await addAccount(store);
    const user = ++centralIds;
    await store.db
      .updateTable('account_profiles')
      .set({ central_id: String(user) })
      .where('account_id', '=', account)
      .execute();
    return { account, user };
  };
  const admin = async (): Promise<number> => {
    const { account } = await person();
    await store.db
      .insertInto('administrators')
      .values({ account_id: account, name: `Admin ${account}`, since: 0 })
      .execute();
    return account;
  };

  /** Signs in anew and makes a passkey; it is usable a day later. */
  const enrol = async (accountId: number): Promise<Authenticator> => {
    const authenticator = new Authenticator(SITE);
    const { id } = await beginApproval(deps, {
      accountId,
      act: { action: 'enrol', name: 'A key' },
      method: 'login',
    });
    clock.advance(1_000);
    await approveWithLogin(deps, { accountId, id, signedInAt: clock.now() });
    const { challenge } = await enrolmentOptions(deps, { accountId, id });
    await finishEnrolment(deps, { accountId, id, response: authenticator.register(challenge) });
    return authenticator;
  };

  /** The whole way with a passkey. */
  const withPasskey = async (accountId: number, key: Authenticator, act: Act) => {
    const { id } = await beginApproval(deps, { accountId, act, method: 'passkey' });
    const { challenge } = await approvalOptions(deps, { accountId, id });
    await approveWithPasskey(deps, { accountId, id, response: key.sign(challenge) });
    return performApproved(deps, { accountId, id });
  };

  /** The whole way with a sign-in, up to where it waits. */
  const withLogin = async (accountId: number, act: Act) => {
    const { id } = await beginApproval(deps, { accountId, act, method: 'login' });
    clock.advance(1_000);
    await approveWithLogin(deps, { accountId, id, signedInAt: clock.now() });
    return performApproved(deps, { accountId, id });
  };

  /** Allowed, and fifteen minutes later looked at. */
  const allow = async (accountId: number, origin: string, days: 30 | 90 | 180 | 365 = 180) => {
    await withLogin(accountId, add(origin, days));
    clock.advance(PENDING_MS);
    await mySources(deps, accountId);
  };
  return { clock, deps, add, person, admin, enrol, withPasskey, withLogin, allow };
}
