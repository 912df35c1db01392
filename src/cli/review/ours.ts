/** Our rules, by the code that decides in the product: database, matcher, questions, votes, verdicts. */
import { migrations } from '../../../migrations/index.ts';
import { createFaceCache } from '../../core/faces/face-cache.ts';
import { matchStep } from '../../core/faces/matching.ts';
import { askNext } from '../../core/faces/next.ts';
import { portraitStep } from '../../core/faces/portraits.ts';
import type { Clock } from '../../core/platform/clock.ts';
import { silentLog } from '../../core/platform/log.ts';
import { memoryNudges } from '../../core/platform/nudges.ts';
import { answersOf, changedAnswers } from '../../core/review/reactions.ts';
import { castBallot } from '../../core/review/votes.ts';
import { migrate } from '../../core/store/migrate.ts';
import { openStore, type Store } from '../../core/store/store.ts';
import { type FilledFace, type FilledProject, fillFiles, fillProject, MODEL } from './fill.ts';
import type { Outcome } from './outcome.ts';
import type { Posed, Reviewer } from './reviewer.ts';
import type { World } from './world.ts';

export interface Community {
  readonly votesNeeded: number;
  /** One for each vote that is needed; each hears what the one before said. */
  readonly reviewers: readonly ((question: Posed, before: readonly string[] | null) => string[])[];
  /** Decides disputes. */
  readonly owner: Reviewer;
}

/** More questions than any project here can have: the rules ask for ever. */
const FOR_EVER = 20_000;

/** Answers everything that one project after the other asks, until it asks nothing more. */
export async function ourRules(
  world: World,
  projects: readonly (readonly string[])[],
  community: Community,
): Promise<Outcome[]> {
  const store = openStore({ kind: 'sqlite', path: ':memory:' });
  try {
    await migrate(store, migrations);
    const filled = await fillFiles(store, world);
    const outcomes: Outcome[] = [];
    for (const persons of projects) outcomes.push(await play(store, world, persons, community, filled));
    return outcomes;
  } finally {
    await store.close();
  }
}

async function play(
  store: Store,
  world: World,
  persons: readonly string[],
  community: Community,
  { faces, fileIds }: { faces: ReadonlyMap<number, FilledFace>; fileIds: readonly number[] },
): Promise<Outcome> {
  const deps = stepDeps(store, world);
  const items = new Map(persons.map((person) => [person, `Q${world.persons.indexOf(person) + 1}`]));
  const names = new Map([...items].map(([person, item]) => [item, person]));
  const project = await fillProject(store, deps.clock, {
    fileIds,
    persons: persons.map((person) => ({
      item: items.get(person) ?? '',
      portraitUrl: world.portraits.has(person) ? person : null,
    })),
    votesNeeded: community.votesNeeded,
    reviewers: community.reviewers.length,
  });
  const isPerson = (faceId: number, item: string) => faces.get(faceId)?.person === names.get(item);
  let answers = 0;
  while (await portraitStep(deps));
  for (;;) {
    while (await matchStep(deps));
    const { projectId, channelId } = project;
    if (!(await askNext(store, { projectId, channelId, maxOpen: 1, now: deps.clock.now() }))) break;
    answers += await answerQuestion(deps, project, community, isPerson);
    answers += await decideDisputes(deps, project, community.owner, isPerson);
    if (answers > FOR_EVER) throw new Error('the questions do not come to an end');
  }
  const matches = await store.db
    .selectFrom('verdicts')
    .select(['face_id', 'person'])
    .where('project_id', '=', project.projectId)
    .where('verdict', '=', 'match')
    .execute();
  const claims = matches.map((row) => ({
    file: faces.get(row.face_id)?.file ?? -1,
    person: names.get(row.person) ?? '',
  }));
  return { answers, claims };
}

type StepDeps = ReturnType<typeof stepDeps>;
type IsPerson = (faceId: number, item: string) => boolean;

/** What the steps need: nothing is downloaded, and the portraits are known already. */
function stepDeps(store: Store, world: World) {
  let time = 1;
  const clock: Clock = { now: () => ++time, sleep: async () => {} };
  return {
    store,
    clock,
    nudges: memoryNudges(),
    log: silentLog,
    workerId: 'bench',
    model: MODEL,
    cache: createFaceCache(clock),
    pictures: { download: async (url: string) => Buffer.from(url) },
    detector: {
      model: MODEL,
      detect: async (picture: Uint8Array) => {
        const face = world.portraits.get(Buffer.from(picture).toString());
        const { box, heightPx = 0, quality = 0, vector } = face ?? {};
        if (!box || !vector) throw new Error('there is no such portrait');
        const height = heightPx / box[3];
        return {
          width: height,
          height,
          model: MODEL,
          faces: [{ box, score: 1, landmarks: [], quality, embedding: vector }],
        };
      },
      draw: async () => {
        throw new Error('nothing is drawn here');
      },
      close: async () => {},
    },
  };
}

/** Everybody answers once. @returns how many did before it was closed */
async function answerQuestion(
  deps: StepDeps,
  { projectId, reviewers }: FilledProject,
  community: Community,
  isPerson: IsPerson,
): Promise<number> {
  const question = await deps.store.db
    .selectFrom('questions')
    .select(['id', 'kind', 'person'])
    .where('project_id', '=', projectId)
    .where('state', '=', 'open')
    .executeTakeFirstOrThrow();
  const { id: questionId, kind, person } = question;
  const asked = await deps.store.db
    .selectFrom('question_faces')
    .select(['face_id as faceId', 'position'])
    .where('question_id', '=', questionId)
    .orderBy('position')
    .execute();
  const truth = asked.map((face) => isPerson(face.faceId, person));
  let before: string[] | null = null;
  let answers = 0;
  for (const [i, review] of community.reviewers.entries()) {
    const reactions = review({ kind, truth }, before);
    before = reactions;
    answers++;
    const said = answersOf(
      kind,
      asked.map((face) => face.position),
      reactions,
    );
    await castBallot(deps, {
      projectId,
      accountId: reviewers[i] ?? 0,
      answers: changedAnswers(asked, { person, persons: [person] }, new Map(), said),
      questionId,
      platform: 'bench',
    });
  }
  // Who could not agree on anything leaves the question to others, as a chat does after some days.
  await deps.store.db
    .updateTable('questions')
    .set({ state: 'over', closed_at: deps.clock.now() })
    .where('id', '=', questionId)
    .where('state', '=', 'open')
    .execute();
  return answers;
}

async function decideDisputes(
  deps: StepDeps,
  { projectId, owner }: FilledProject,
  decide: Reviewer,
  isPerson: IsPerson,
): Promise<number> {
  const disputes = await deps.store.db
    .selectFrom('verdicts')
    .select(['face_id', 'person'])
    .where('project_id', '=', projectId)
    .where('verdict', '=', 'disputed')
    .execute();
  for (const { face_id: faceId, person } of disputes) {
    const [sign] = decide({ kind: 'single', truth: [isPerson(faceId, person)] });
    await castBallot(deps, {
      projectId,
      accountId: owner,
      answers: [{ faceId, person, answer: sign === '✅' ? 'yes' : 'no' }],
      questionId: null,
      platform: 'bench',
    });
  }
  return disputes.length;
}
