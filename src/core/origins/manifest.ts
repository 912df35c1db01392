import { audit } from '../platform/audit.ts';
import { VisavisError } from '../platform/errors.ts';
import { refusal } from '../platform/refusals.ts';
import { enterProject } from '../projects/members.ts';
import { isDuplicate, type Store } from '../store/store.ts';
import { type OriginDeps, ownOrigins } from './deps.ts';
import { parseOrigin } from './parse.ts';
import { readSite } from './site.ts';
import { matches } from './sources.ts';

/** What a project asks its members for, who asks, and for what (Wikimedia's T419934). */
export interface DeclaredOrigin {
  readonly origin: string;
  readonly who: string;
  readonly purpose: string;
}

const MOST_DECLARED = 30;

/** null would mean something else than none: without a manifest, pages carry all opt-ins. */
export async function manifestOf({ db }: Store, projectId: number): Promise<DeclaredOrigin[]> {
  return db
    .selectFrom('project_origins')
    .select(['origin', 'who', 'purpose'])
    .where('project_id', '=', projectId)
    .orderBy('origin')
    .execute();
}

/** An owner says what the project needs. It allows nothing by itself. @throws VisavisError `forbidden`, `bad_input`, `conflict` */
export async function declareOrigin(
  deps: OriginDeps,
  args: { projectId: number; accountId: number; origin: string; who: string; purpose: string },
): Promise<string> {
  const { store, clock } = deps;
  const { projectId, accountId } = args;
  const who = args.who.trim();
  const purpose = args.purpose.trim();
  if (who === '' || purpose === '' || who.length > 255 || purpose.length > 500)
    throw refusal('declare-purpose');
  return store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId, 'owner');
    const { rules } = await readSite(trx, ownOrigins(deps));
    const parsed = parseOrigin(args.origin, rules);
    if (!parsed.ok) throw new VisavisError('bad_input', parsed.hint, { details: { refusal: parsed.code } });
    const now = clock.now();
    const { n } = await trx
      .selectFrom('project_origins')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('project_id', '=', projectId)
      .executeTakeFirstOrThrow();
    if (n >= MOST_DECLARED) throw refusal('declare-most', [MOST_DECLARED]);
    try {
      await trx
        .insertInto('project_origins')
        .values({
          project_id: projectId,
          origin: parsed.value,
          who,
          purpose,
          added_by: accountId,
          added_at: now,
        })
        .execute();
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      throw refusal('declared-already');
    }
    await audit(store, trx, {
      at: now,
      accountId,
      action: 'origin declared',
      subject: `project ${projectId}`,
      detail: { origin: parsed.value },
    });
    return parsed.value;
  });
}

/** References below it stay, and are not loaded any more. @throws VisavisError `forbidden`, `not_found` */
export async function withdrawOrigin(
  deps: Pick<OriginDeps, 'store' | 'clock'>,
  args: { projectId: number; accountId: number; origin: string },
): Promise<void> {
  const { store, clock } = deps;
  const { projectId, accountId, origin } = args;
  await store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId, 'owner');
    const { numDeletedRows } = await trx
      .deleteFrom('project_origins')
      .where('project_id', '=', projectId)
      .where('origin', '=', origin)
      .executeTakeFirst();
    if (numDeletedRows === 0n) throw refusal('not-declared');
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'origin declared no more',
      subject: `project ${projectId}`,
      detail: { origin },
    });
  });
}

/** The declared origin that an address belongs to; null: none. */
export function declaredFor(url: URL, manifest: readonly Pick<DeclaredOrigin, 'origin'>[]): string | null {
  return manifest.find(({ origin }) => matches(origin, url))?.origin ?? null;
}
