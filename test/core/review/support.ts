import { pairKey } from '../../../src/core/review/pairs.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import { standingVotesOf } from '../../../src/core/review/standing.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Answer, QuestionKind } from '../../../src/core/store/schema.ts';
import type { Db, Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addChannel, addMember, addProject, type TestProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';

/** A project with its owner and a channel, and short ways to do what people do there. */
export interface ReviewWorld extends TestProject {
  readonly clock: FakeClock;
  readonly deps: {
    readonly store: Store;
    readonly clock: FakeClock;
    readonly nudges: ReturnType<typeof notedNudges>;
  };
  readonly channel: number;
  members(count: number): Promise<number[]>;
  faces(count: number): Promise<number[]>;
  say(
    accountId: number,
    answer: Answer | null,
    faceId: number,
    given?: { person?: string; questionId?: number; platform?: string },
  ): ReturnType<typeof castBallot>;
  open(
    faceIds: number[],
    kind?: QuestionKind,
    person?: string,
  ): Promise<{ questionId: number; postId: number }>;
  /** `match by votes`; `none` where there is no row. */
  verdict(faceId: number, person?: string): Promise<string>;
  question(questionId: number): Promise<string>;
  lastAudit(): Promise<{ account_id: number | null; action: string; subject: string; detail: unknown }>;
}

export async function reviewWorld(
  store: Store,
  given: Parameters<typeof addProject>[1] = {},
  persons: readonly string[] = ['Q1'],
): Promise<ReviewWorld> {
  const project = await addProject(store, { votes_needed: 2, ...given }, persons);
  const clock = fakeClock();
  const deps = { store, clock, nudges: notedNudges() };
  const channel = await addChannel(store, project.id);
  return {
    ...project,
    clock,
    deps,
    channel,
    members: (count) => times(count, () => addMember(store, project.id)),
    faces: (count) => times(count, async () => (await addPortrait(store, project.id)).faceId),
    say: (accountId, answer, faceId, { person = 'Q1', questionId, platform = 'web' } = {}) =>
      castBallot(deps, {
        projectId: project.id,
        accountId,
        answers: [{ faceId, person, answer }],
        questionId: questionId ?? null,
        platform,
      }),
    open: (faceIds, kind = 'single', person = 'Q1') =>
      store.transaction((trx) =>
        openQuestion(trx, { projectId: project.id, kind, person, faceIds }, channel, clock.now()),
      ),
    async verdict(faceId, person = 'Q1') {
      const row = await store.db
        .selectFrom('verdicts')
        .select(['verdict', 'source'])
        .where('project_id', '=', project.id)
        .where('face_id', '=', faceId)
        .where('person', '=', person)
        .executeTakeFirst();
      return row ? `${row.verdict} by ${row.source}` : 'none';
    },
    async question(questionId) {
      const row = await store.db
        .selectFrom('questions')
        .select('state')
        .where('id', '=', questionId)
        .executeTakeFirstOrThrow();
      return row.state;
    },
    async lastAudit() {
      const row = await store.db
        .selectFrom('audit')
        .selectAll()
        .orderBy('id', 'desc')
        .executeTakeFirstOrThrow();
      return { ...row, detail: JSON.parse(row.detail) };
    },
  };
}

async function times<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) made.push(await make());
  return made;
}

/** An element that must be there. */
export function nth<T>(list: readonly T[], i: number): T {
  if (i >= list.length) throw new Error(`there are only ${list.length}`);
  return list[i] as T;
}

/** As `standingVotesOf`, about one face and one person. */
export async function standingVotes(db: Db, projectId: number, faceId: number, person: string) {
  return (await standingVotesOf(db, projectId, [faceId])).get(pairKey({ faceId, person })) ?? [];
}
