import { audit } from '../platform/audit.ts';
import { refusal } from '../platform/refusals.ts';
import { enterProject } from '../projects/members.ts';
import type { ReferenceKind } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { OriginDeps } from './deps.ts';
import { declaredFor, manifestOf } from './manifest.ts';
import { matches } from './sources.ts';

/** A page or portrait of a person on another site. */
export interface Reference {
  readonly id: number;
  readonly person: string;
  readonly kind: ReferenceKind;
  readonly url: string;
  readonly title: string;
}

/** A reference as one member sees it. */
export interface ShownReference extends Reference {
  /** The origin that the project declares for it; null: it was withdrawn, and nothing is loaded. */
  readonly origin: string | null;
  /** The member's pages may load it. */
  readonly loads: boolean;
}

const MOST_OF_A_PERSON = 20;
const LONGEST_URL = 2_000;

/**
 * An owner adds a page or a portrait beside a person of the project. Browsers of members load it, and only when the
 * member has allowed the origin; the site itself never does.
 * @throws VisavisError `forbidden`, `bad_input`, `not_found`, `conflict`
 */
export async function addReference(
  { store, clock }: Pick<OriginDeps, 'store' | 'clock'>,
  args: {
    projectId: number;
    accountId: number;
    person: string;
    kind: ReferenceKind;
    url: string;
    title: string;
  },
): Promise<number> {
  const { projectId, accountId, person, kind } = args;
  const url = readUrl(args.url);
  const title = args.title.trim();
  if (title === '' || title.length > 255) throw refusal('reference-title');
  return store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId, 'owner');
    const known = await trx
      .selectFrom('project_persons')
      .select('person')
      .where('project_id', '=', projectId)
      .where('person', '=', person)
      .executeTakeFirst();
    if (!known) throw refusal('person-not-looked-for');
    const manifest = await trx
      .selectFrom('project_origins')
      .select('origin')
      .where('project_id', '=', projectId)
      .execute();
    if (declaredFor(url, manifest) === null) throw refusal('declare-first', [url.origin]);
    const { n } = await trx
      .selectFrom('project_references')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('project_id', '=', projectId)
      .where('person', '=', person)
      .executeTakeFirstOrThrow();
    if (n >= MOST_OF_A_PERSON) throw refusal('references-most', [MOST_OF_A_PERSON]);
    const now = clock.now();
    const { id } = await trx
      .insertInto('project_references')
      .values({
        project_id: projectId,
        person,
        kind,
        url: url.href,
        title,
        added_by: accountId,
        added_at: now,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await audit(store, trx, {
      at: now,
      accountId,
      action: 'reference added',
      subject: `project ${projectId}`,
      detail: { person, url: url.href },
    });
    return id;
  });
}

/** @throws VisavisError `forbidden`, `not_found` */
export async function removeReference(
  { store, clock }: Pick<OriginDeps, 'store' | 'clock'>,
  args: { projectId: number; accountId: number; id: number },
): Promise<void> {
  const { projectId, accountId, id } = args;
  await store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId, 'owner');
    const { numDeletedRows } = await trx
      .deleteFrom('project_references')
      .where('project_id', '=', projectId)
      .where('id', '=', id)
      .executeTakeFirst();
    if (numDeletedRows === 0n) throw refusal('reference-unknown');
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'reference removed',
      subject: `project ${projectId}`,
      detail: { reference: id },
    });
  });
}

/**
 * What is beside a person, for one member.
 * @param sent the values in the header of the page
 */
export async function referencesOf(
  store: Store,
  args: { projectId: number; person: string; sent: readonly string[] },
): Promise<ShownReference[]> {
  const manifest = await manifestOf(store, args.projectId);
  const rows = await store.db
    .selectFrom('project_references')
    .select(['id', 'person', 'kind', 'url', 'title'])
    .where('project_id', '=', args.projectId)
    .where('person', '=', args.person)
    .orderBy('id')
    .execute();
  return rows.map((row) => {
    const url = new URL(row.url);
    const origin = declaredFor(url, manifest);
    return { ...row, origin, loads: origin !== null && args.sent.some((value) => matches(value, url)) };
  });
}

/** All of a project, for its owners' list. */
export async function projectReferences({ db }: Store, projectId: number): Promise<Reference[]> {
  return db
    .selectFrom('project_references')
    .select(['id', 'person', 'kind', 'url', 'title'])
    .where('project_id', '=', projectId)
    .orderBy('person')
    .orderBy('id')
    .execute();
}

function readUrl(text: string): URL {
  const url = URL.parse(text.trim());
  if (
    url?.protocol !== 'https:' ||
    url.username !== '' ||
    url.password !== '' ||
    url.href.length > LONGEST_URL
  )
    throw refusal('reference-address');
  return url;
}
