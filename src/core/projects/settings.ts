import { isAdmin } from '../accounts/admins.ts';
import { audit } from '../platform/audit.ts';
import { refusal } from '../platform/refusals.ts';
import { recountProject } from '../review/replay.ts';
import { nudgeAfter } from '../review/votes.ts';
import type { Store, Trx } from '../store/store.ts';
import { projectChanged } from './changes.ts';
import type { ChannelDeps } from './channels.ts';
import { enterProject } from './members.ts';

/** The rules of a project that its owners choose. */
export interface ProjectRules {
  /** 1 to 5 agreeing accounts. */
  readonly votesNeeded: number;
  /** Euclidean distance below which a face is suggested, 0.1 to 1. */
  readonly threshold: number;
  /** Confirmed faces of a person before there are suggestions. */
  readonly minConfirmed: number;
  /** Levels of subcategories, 0 to 10. */
  readonly depth: number;
  /**
   * Files that are taken from the category, 1 to `FILE_CAP`; administrators of the site may say up to
   * `ADMIN_FILE_CAP`. When it is left out: as it was, in a new project `FILE_CAP`.
   */
  readonly fileCap?: number;
}

export const FILE_CAP = 9000;
export const ADMIN_FILE_CAP = 50_000;

export interface ProjectSettings extends ProjectRules {
  readonly title: string;
  /** BCP 47: what the bot speaks in the project's channels. */
  readonly language: string;
  readonly open: boolean;
  readonly matching: boolean;
  /** Look for faces of a few pixels too; holds for files that are looked at from now on. */
  readonly smallFaces: boolean;
}

type ReadSettings = ProjectSettings & { readonly fileCap: number };

const LONGEST_TITLE = 255;

/** @throws VisavisError `bad_input` in words for the form */
export function checkRules(rules: ProjectRules): void {
  const inside = (value: number, low: number, high: number) =>
    Number.isFinite(value) && value >= low && value <= high;
  if (!Number.isInteger(rules.votesNeeded) || !inside(rules.votesNeeded, 1, 5)) throw refusal('votes-needed');
  if (!inside(rules.threshold, 0.1, 1)) throw refusal('threshold');
  if (!Number.isInteger(rules.minConfirmed) || !inside(rules.minConfirmed, 1, 100))
    throw refusal('min-confirmed');
  if (!Number.isInteger(rules.depth) || !inside(rules.depth, 0, 10)) throw refusal('depth');
}

/**
 * In the transaction that sets it.
 * @param before what an administrator set stays, whoever saves the other settings
 * @throws VisavisError `bad_input`
 */
export async function checkFileCap(
  trx: Trx,
  accountId: number,
  cap: number,
  before: number | null = null,
): Promise<void> {
  if (cap === before) return;
  const most = (await isAdmin(trx, accountId)) ? ADMIN_FILE_CAP : FILE_CAP;
  if (!Number.isInteger(cap) || cap < 1 || cap > most) throw refusal('file-cap', [most]);
}

/** null when there is no such project. */
export async function projectSettings(store: Store, projectId: number): Promise<ReadSettings | null> {
  const row = await store.db
    .selectFrom('projects')
    .select(COLUMNS)
    .where('id', '=', projectId)
    .where('state', '!=', 'deleted')
    .executeTakeFirst();
  return row ? readRow(row) : null;
}

/**
 * An owner changes the settings. What depends on them follows in the same transaction: verdicts when the number of
 * votes changes; suggestions are computed anew, and the category is read again when it reaches farther or less far.
 * @throws VisavisError `bad_input` in words for the form, `forbidden`, `not_found`
 */
export async function changeSettings(
  deps: ChannelDeps,
  { projectId, accountId, settings }: { projectId: number; accountId: number; settings: ProjectSettings },
): Promise<void> {
  const { store, clock, nudges } = deps;
  checkRules(settings);
  const title = checkTitle(settings.title);
  const language = checkLanguage(settings.language);
  const changes = await store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId, 'owner');
    const before = readRow(
      await trx.selectFrom('projects').select(COLUMNS).where('id', '=', projectId).executeTakeFirstOrThrow(),
    );
    const { fileCap = before.fileCap } = settings;
    await checkFileCap(trx, accountId, fileCap, before.fileCap);
    const after: ReadSettings = { ...settings, title, language, fileCap };
    const changed = NAMES.filter((name) => before[name] !== after[name]);
    if (changed.length === 0) return [];
    const isNew = (...names: readonly (keyof ProjectSettings)[]) =>
      names.some((name) => changed.includes(name));
    const now = clock.now();
    await trx
      .updateTable('projects')
      .set({
        title,
        language,
        votes_needed: after.votesNeeded,
        threshold: after.threshold,
        min_confirmed: after.minConfirmed,
        open: after.open ? 1 : 0,
        matching: after.matching ? 1 : 0,
        small_faces: after.smallFaces ? 1 : 0,
        depth: after.depth,
        file_cap: after.fileCap,
        ...(isNew('depth', 'fileCap') ? { crawl_wanted_at: now } : {}),
      })
      .where('id', '=', projectId)
      .execute();
    if (isNew('threshold', 'minConfirmed', 'matching')) await projectChanged(trx, projectId);
    await audit(store, trx, {
      at: now,
      accountId,
      action: 'settings changed',
      subject: `project ${projectId}`,
      detail: Object.fromEntries(changed.map((name) => [name, [before[name], after[name]]])),
    });
    return isNew('votesNeeded') ? recountProject(store, trx, projectId, now) : [];
  });
  nudges.nudge('work');
  nudges.nudge('posts');
  nudges.nudge(`project:${projectId}`);
  nudgeAfter(deps, projectId, changes);
}

const COLUMNS = [
  'title',
  'language',
  'votes_needed',
  'threshold',
  'min_confirmed',
  'open',
  'matching',
  'small_faces',
  'depth',
  'file_cap',
] as const;

const NAMES = [
  'title',
  'language',
  'votesNeeded',
  'threshold',
  'minConfirmed',
  'open',
  'matching',
  'smallFaces',
  'depth',
  'fileCap',
] as const satisfies readonly (keyof ProjectSettings)[];

function readRow(row: {
  title: string;
  language: string;
  votes_needed: number;
  threshold: number;
  min_confirmed: number;
  open: 0 | 1;
  matching: 0 | 1;
  small_faces: 0 | 1;
  depth: number;
  file_cap: number;
}): ReadSettings {
  return {
    title: row.title,
    language: row.language,
    votesNeeded: row.votes_needed,
    threshold: row.threshold,
    minConfirmed: row.min_confirmed,
    open: row.open === 1,
    matching: row.matching === 1,
    smallFaces: row.small_faces === 1,
    depth: row.depth,
    fileCap: row.file_cap,
  };
}

function checkTitle(given: string): string {
  const title = given.trim();
  if (title === '') throw refusal('title-missing');
  if (title.length > LONGEST_TITLE) throw refusal('title-too-long', [LONGEST_TITLE]);
  return title;
}

function checkLanguage(code: string): string {
  if (!/^[a-z]{2,3}(-[a-z0-9]{1,8}){0,2}$/i.test(code)) throw refusal('language-code');
  return code;
}
