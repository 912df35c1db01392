import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { audit } from '../platform/audit.ts';
import type { VisavisError } from '../platform/errors.ts';
import { assertWritable } from '../platform/read-only.ts';
import { refusal } from '../platform/refusals.ts';
import type { PasskeysTable } from '../store/schema.ts';
import { type Db, isDuplicate, type Store } from '../store/store.ts';
import { consumeApproval, markApproved, openApproval, PASSKEY_MS } from './approvals.ts';
import { type OriginDeps, ownOrigins } from './deps.ts';
import { addNotice } from './notices.ts';
import { readSite } from './site.ts';

/** For the list; nothing that a copy could sign with. */
export interface Passkey {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  /** A new one waits, so that its owner can remove it when it is not theirs. */
  readonly usableFrom: number;
  readonly usedAt: number | null;
}

const MOST_PASSKEYS = 10;
const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const;

type Stored = { id: number } & Pick<
  PasskeysTable,
  'credential' | 'public_key' | 'counter' | 'transports' | 'usable_from'
>;

export async function passkeysOf(store: Store, accountId: number): Promise<Passkey[]> {
  const rows = await store.db
    .selectFrom('passkeys')
    .select(['id', 'name', 'created_at', 'usable_from', 'used_at'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    usableFrom: row.usable_from,
    usedAt: row.used_at,
  }));
}

/**
 * What the browser needs to make a passkey, for an approval of `enrol` that a fresh sign-in has confirmed.
 * @throws VisavisError `forbidden`, `conflict` when there are too many; as `openApproval`
 */
export async function enrolmentOptions(
  deps: OriginDeps,
  args: { accountId: number; id: number },
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { store } = deps;
  const approval = await openApproval(deps, store.db, args);
  if (approval.act.action !== 'enrol') throw refusal('confirms-something-else');
  if (!approval.approved) throw refusal('sign-in-to-confirm');
  const profile = await store.db
    .selectFrom('account_profiles')
    .select('username')
    .where('account_id', '=', args.accountId)
    .executeTakeFirstOrThrow();
  const known = await stored(store.db, args.accountId);
  if (known.length >= MOST_PASSKEYS) throw refusal('passkeys-most', [MOST_PASSKEYS]);
  return generateRegistrationOptions({
    rpName: 'Visavis',
    rpID: relyingParty(deps),
    userName: profile.username,
    userID: new Uint8Array(Buffer.from(`visavis ${args.accountId}`)),
    challenge: approval.challenge,
    timeout: PASSKEY_MS,
    attestationType: 'none',
    excludeCredentials: known.map(describe),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
  });
}

/**
 * Keeps the passkey that the browser made. It can approve after the time that the administrators chose.
 * @throws VisavisError `forbidden` when the answer is not for this approval; as `openApproval`
 */
export async function finishEnrolment(
  deps: OriginDeps,
  args: { accountId: number; id: number; response: RegistrationResponseJSON },
): Promise<Passkey> {
  const { store, clock } = deps;
  const { challenge } = await openApproval(deps, store.db, args);
  const made = await verifyRegistrationResponse({
    response: args.response,
    expectedChallenge: Buffer.from(challenge).toString('base64url'),
    expectedOrigin: ownOrigins(deps),
    expectedRPID: relyingParty(deps),
    requireUserVerification: true,
  }).catch((error: unknown) => {
    throw notConfirmed(error);
  });
  if (!made.verified) throw notConfirmed();
  const { credential } = made.registrationInfo;
  return store.transaction(async (trx) => {
    await assertWritable(trx);
    const approval = await consumeApproval(deps, trx, args);
    if (approval.act.action !== 'enrol') throw refusal('confirms-something-else');
    const now = clock.now();
    const { choices } = await readSite(trx, ownOrigins(deps));
    const row = {
      name: approval.act.name,
      created_at: now,
      usable_from: now + choices.passkeyWaitMs,
      used_at: null,
    };
    const { id } = await trx
      .insertInto('passkeys')
      .values({
        ...row,
        account_id: args.accountId,
        credential: Buffer.from(credential.id, 'base64url'),
        public_key: credential.publicKey,
        counter: credential.counter,
        transports: JSON.stringify(TRANSPORTS.filter((one) => credential.transports?.includes(one))),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
      .catch((error: unknown) => {
        if (!isDuplicate(error)) throw error;
        throw refusal('passkey-known');
      });
    await audit(store, trx, {
      at: now,
      accountId: args.accountId,
      action: 'passkey added',
      subject: String(id),
    });
    await addNotice(trx, { accountId: args.accountId, kind: 'passkey-added', subject: row.name, now });
    return { id, name: row.name, createdAt: now, usableFrom: row.usable_from, usedAt: null };
  });
}

/** Needs no approval: it allows nothing. @throws VisavisError `not_found` */
export async function removePasskey(
  deps: OriginDeps,
  args: { accountId: number; id: number },
): Promise<void> {
  const { store, clock } = deps;
  await store.transaction(async (trx) => {
    await assertWritable(trx);
    const row = await trx
      .selectFrom('passkeys')
      .select('name')
      .where('id', '=', args.id)
      .where('account_id', '=', args.accountId)
      .executeTakeFirst();
    if (!row) throw refusal('passkey-unknown');
    await trx.deleteFrom('passkeys').where('id', '=', args.id).execute();
    const now = clock.now();
    await audit(store, trx, {
      at: now,
      accountId: args.accountId,
      action: 'passkey removed',
      subject: String(args.id),
    });
    await addNotice(trx, { accountId: args.accountId, kind: 'passkey-removed', subject: row.name, now });
  });
}

/** What the browser needs to confirm an act. @throws VisavisError `conflict` without a usable passkey; as `openApproval` */
export async function approvalOptions(
  deps: OriginDeps,
  args: { accountId: number; id: number },
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const approval = await openApproval(deps, deps.store.db, args);
  const usable = (await stored(deps.store.db, args.accountId)).filter(
    (passkey) => passkey.usable_from <= deps.clock.now(),
  );
  if (usable.length === 0) throw refusal('passkey-none-yet');
  return generateAuthenticationOptions({
    rpID: relyingParty(deps),
    allowCredentials: usable.map(describe),
    challenge: approval.challenge,
    timeout: PASSKEY_MS,
    userVerification: 'required',
  });
}

/**
 * Confirms an act with a signature over its challenge, with user verification.
 * @throws VisavisError `forbidden` when it was made for another act, user or site, with another key, with a copy, or
 *   without verification; as `openApproval`
 */
export async function approveWithPasskey(
  deps: OriginDeps,
  args: { accountId: number; id: number; response: AuthenticationResponseJSON },
): Promise<void> {
  const { store, clock } = deps;
  const { challenge } = await openApproval(deps, store.db, args);
  const known = await stored(store.db, args.accountId);
  const passkey = known.find((one) => describe(one).id === args.response.id);
  if (!passkey) throw refusal('passkey-not-yours');
  if (passkey.usable_from > clock.now()) throw refusal('passkey-new');
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: args.response,
    expectedChallenge: Buffer.from(challenge).toString('base64url'),
    expectedOrigin: ownOrigins(deps),
    expectedRPID: relyingParty(deps),
    requireUserVerification: true,
    credential: {
      ...describe(passkey),
      publicKey: new Uint8Array(passkey.public_key),
      counter: passkey.counter,
    },
  }).catch((error: unknown) => {
    throw notConfirmed(error);
  });
  if (!verified) throw notConfirmed();
  await store.transaction(async (trx) => {
    await assertWritable(trx);
    await markApproved(deps, trx, { ...args, method: 'passkey' });
    // Compared, because two answers with the same count would be two authenticators.
    const { numUpdatedRows } = await trx
      .updateTable('passkeys')
      .set({ counter: authenticationInfo.newCounter, used_at: clock.now() })
      .where('id', '=', passkey.id)
      .where('counter', '=', passkey.counter)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw refusal('passkey-gone');
  });
}

async function stored(db: Db, accountId: number): Promise<Stored[]> {
  return db
    .selectFrom('passkeys')
    .select(['id', 'credential', 'public_key', 'counter', 'transports', 'usable_from'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
}

function describe(passkey: Stored): { id: string; transports: string[] } {
  return {
    id: Buffer.from(passkey.credential).toString('base64url'),
    transports: JSON.parse(passkey.transports),
  };
}

/** Passkeys belong to a domain name. */
function relyingParty({ publicUrl }: OriginDeps): string {
  return new URL(publicUrl).hostname;
}

/** The library throws for most of what is wrong; none of it is for the person. */
function notConfirmed(cause?: unknown): VisavisError {
  return refusal('passkey-no', [], { cause });
}
