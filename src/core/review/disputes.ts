import { lockProject } from '../projects/members.ts';
import type { Answer } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import { usernamesOf } from './names.ts';
import { type Pair, pairKey } from './pairs.ts';
import { hasRoom, openQuestion } from './questions.ts';
import { standingVotesOf } from './standing.ts';
import { questionsAbout, verdictRows } from './verdict-rows.ts';

/** A face that people do not agree about, for the owners' list. */
export interface DisputedFace extends Pair {
  /** Which crop is shown: how often the box was drawn anew. */
  readonly boxNumber: number;
  /** The person's name. */
  readonly label: string;
  readonly fileId: number;
  readonly title: string;
  readonly pageUrl: string;
  /** Left, top, width, height as fractions of the upright picture. */
  readonly box: readonly [number, number, number, number];
  /** UTC milliseconds. */
  readonly since: number;
  readonly votes: readonly {
    /** null: of a former member. */
    readonly username: string | null;
    readonly answer: Answer;
  }[];
}

/** Disputes of a project, the oldest first. An owner's answer (`castBallot`) decides. */
export async function disputedFaces(store: Store, projectId: number): Promise<DisputedFace[]> {
  const rows = await verdictRows(store.db, projectId)
    .select([
      'verdicts.face_id',
      'verdicts.person',
      'project_persons.label',
      'faces.file_id',
      'files.title',
      'files.page_url',
      'faces.x',
      'faces.y',
      'faces.w',
      'faces.h',
      'faces.box_number',
      'verdicts.changed_at',
    ])
    .where('verdicts.verdict', '=', 'disputed')
    .orderBy('verdicts.changed_at')
    .orderBy('verdicts.face_id')
    .execute();
  const standing = await standingVotesOf(
    store.db,
    projectId,
    rows.map((row) => row.face_id),
  );
  const names = await usernamesOf(
    store.db,
    [...standing.values()].flat().map((vote) => vote.accountId),
  );
  return rows.map((row) => ({
    faceId: row.face_id,
    person: row.person,
    label: row.label,
    fileId: row.file_id,
    title: row.title,
    pageUrl: row.page_url,
    box: [row.x, row.y, row.w, row.h],
    boxNumber: row.box_number,
    since: row.changed_at,
    votes: (standing.get(pairKey({ faceId: row.face_id, person: row.person })) ?? []).map((vote) => ({
      username: names.get(vote.accountId) ?? null,
      answer: vote.answer,
    })),
  }));
}

/**
 * Shows the next dispute in the channel that is for disputes, unless it has as many open ones as it wants.
 * @returns whether one was opened
 */
export async function askDispute(
  store: Store,
  args: { channelId: number; projectId: number; maxOpen: number; now: number },
): Promise<boolean> {
  const { projectId, now } = args;
  return store.transaction(async (trx) => {
    const project = await lockProject(store, trx, projectId);
    if (project?.state !== 'active' || !(await hasRoom(trx, args, ['dispute']))) return false;
    const pair = await nextDispute(trx, projectId);
    if (!pair) return false;
    await openQuestion(
      trx,
      { projectId, kind: 'single', person: pair.person, faceIds: [pair.face_id], purpose: 'dispute' },
      args.channelId,
      now,
    );
    return true;
  });
}

async function nextDispute(trx: Trx, projectId: number) {
  return verdictRows(trx, projectId)
    .select(['verdicts.face_id', 'verdicts.person'])
    .where('verdicts.verdict', '=', 'disputed')
    .where('files.state', '=', 'detected')
    .where((eb) =>
      eb.not(eb.exists(questionsAbout(eb, projectId).where('questions.purpose', '=', 'dispute'))),
    )
    .orderBy('verdicts.changed_at')
    .orderBy('verdicts.face_id')
    .executeTakeFirst();
}
