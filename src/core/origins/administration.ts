import { domainToASCII } from 'node:url';
import { assertAdmin } from '../accounts/admins.ts';
import { audit } from '../platform/audit.ts';
import { VisavisError } from '../platform/errors.ts';
import { refusal } from '../platform/refusals.ts';
import { isDuplicate, type Store, type Trx } from '../store/store.ts';
import { type OriginDeps, ownOrigins } from './deps.ts';
import { noteChange } from './entries.ts';
import { parseOrigin } from './parse.ts';
import { checkChoices, readSite, SITE_SETTING, type SiteChoices } from './site.ts';

export interface DeniedHost {
  readonly host: string;
  readonly reason: string;
  readonly addedAt: number;
}

export interface AllowedOrigin {
  readonly origin: string;
  readonly label: string;
  readonly addedAt: number;
}

export async function deniedHosts({ db }: Store): Promise<DeniedHost[]> {
  const rows = await db.selectFrom('csp_denied').selectAll().orderBy('host').execute();
  return rows.map(({ host, reason, added_at }) => ({ host, reason, addedAt: added_at }));
}

/** Suggestions for everybody, and in the mode `preapproved` the only origins that can be added. */
export async function allowedOrigins({ db }: Store): Promise<AllowedOrigin[]> {
  const rows = await db.selectFrom('csp_allowed').selectAll().orderBy('origin').execute();
  return rows.map(({ origin, label, added_at }) => ({ origin, label, addedAt: added_at }));
}

/** Hosts that many people share, with the number of segments that an entry needs. */
export async function sharedHosts({ db }: Store): Promise<{ host: string; segments: number }[]> {
  return db.selectFrom('csp_shared_hosts').selectAll().orderBy('host').execute();
}

/** Mode, enforcement, trials, ports, sampling. @throws VisavisError `forbidden`, `bad_input` */
export async function chooseForSite(
  deps: OriginDeps,
  args: { accountId: number; choices: SiteChoices },
): Promise<void> {
  const choices = checked(args.choices);
  await change(deps, args.accountId, 'data sources configured', 'site', choices, async (trx) => {
    await trx.deleteFrom('settings').where('name', '=', SITE_SETTING).execute();
    await trx
      .insertInto('settings')
      .values({ name: SITE_SETTING, value: JSON.stringify(choices) })
      .execute();
  });
}

/**
 * From the next request on, nobody's page is sent an origin on this host or below it. Entries stay, suspended.
 * @throws VisavisError `forbidden`, `bad_input`, `conflict` when it is denied already
 */
export async function denyHost(
  deps: OriginDeps,
  args: { accountId: number; host: string; reason: string },
): Promise<void> {
  const host = checkHostName(args.host);
  const reason = said(args.reason, 500);
  await change(deps, args.accountId, 'host denied', host, { reason }, (trx, now) =>
    once(() =>
      trx
        .insertInto('csp_denied')
        .values({ host, reason, added_by: args.accountId, added_at: now })
        .execute(),
    ),
  );
}

/** Suspended entries are sent again. @throws VisavisError `forbidden`, `not_found` */
export async function stopDenying(
  deps: OriginDeps,
  args: { accountId: number; host: string },
): Promise<void> {
  await change(deps, args.accountId, 'host denied no more', args.host, {}, async (trx) => {
    found(await trx.deleteFrom('csp_denied').where('host', '=', args.host).executeTakeFirst());
  });
}

/** @throws VisavisError `forbidden`, `bad_input` with the hint, `conflict` */
export async function allowOrigin(
  deps: OriginDeps,
  args: { accountId: number; origin: string; label: string },
): Promise<void> {
  const label = said(args.label, 255);
  const { rules } = await readSite(deps.store.db, ownOrigins(deps));
  const parsed = parseOrigin(args.origin, rules);
  if (!parsed.ok) throw new VisavisError('bad_input', parsed.hint, { details: { refusal: parsed.code } });
  await change(deps, args.accountId, 'origin pre-approved', parsed.value, { label }, (trx, now) =>
    once(() =>
      trx
        .insertInto('csp_allowed')
        .values({ origin: parsed.value, label, added_by: args.accountId, added_at: now })
        .execute(),
    ),
  );
}

/** @throws VisavisError `forbidden`, `not_found` */
export async function stopAllowing(
  deps: OriginDeps,
  args: { accountId: number; origin: string },
): Promise<void> {
  await change(deps, args.accountId, 'origin pre-approved no more', args.origin, {}, async (trx) => {
    found(await trx.deleteFrom('csp_allowed').where('origin', '=', args.origin).executeTakeFirst());
  });
}

/** @param args `segments` 0: nobody shares this host any more. @throws VisavisError `forbidden`, `bad_input` */
export async function setSharedHost(
  deps: OriginDeps,
  args: { accountId: number; host: string; segments: number },
): Promise<void> {
  const host = checkHostName(args.host);
  const { segments } = args;
  if (!Number.isInteger(segments) || segments < 0 || segments > 10) throw refusal('origin-path-parts');
  await change(deps, args.accountId, 'shared host changed', host, { segments }, async (trx) => {
    await trx.deleteFrom('csp_shared_hosts').where('host', '=', host).execute();
    if (segments > 0) await trx.insertInto('csp_shared_hosts').values({ host, segments }).execute();
  });
}

async function change(
  { store, clock }: OriginDeps,
  accountId: number,
  action: string,
  subject: string,
  detail: Readonly<Record<string, unknown>>,
  write: (trx: Trx, now: number) => Promise<unknown>,
): Promise<void> {
  await store.transaction(async (trx) => {
    await assertAdmin(trx, accountId);
    const now = clock.now();
    await write(trx, now);
    await audit(store, trx, { at: now, accountId, action, subject, detail });
    await noteChange(store, trx, null, now);
  });
}

function checked(given: SiteChoices): SiteChoices {
  try {
    return checkChoices(given);
  } catch (cause) {
    throw refusal('origin-ports', [], { cause });
  }
}

/** Any name, public suffixes too: `workers.dev` denies all that is there. */
function checkHostName(given: string): string {
  const host = domainToASCII(given.trim().toLowerCase());
  if (
    host.length <= 253 &&
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/.test(host)
  )
    return host;
  throw refusal('origin-host-alone');
}

function said(text: string, longest: number): string {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > longest) throw refusal('origin-say-why', [longest]);
  return trimmed;
}

async function once(insert: () => Promise<unknown>): Promise<void> {
  try {
    await insert();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw refusal('origin-listed');
  }
}

function found({ numDeletedRows }: { numDeletedRows: bigint }): void {
  if (numDeletedRows === 0n) throw refusal('origin-not-listed');
}
