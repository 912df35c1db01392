import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { banMember, recountWithout, unbanMember } from '../../../src/core/review/bans.ts';
import { decide } from '../../../src/core/review/decide.ts';
import { faceHistory } from '../../../src/core/review/history.ts';
import { reopenVerdict } from '../../../src/core/review/reopening.ts';
import { compareWithVotes, recountProject } from '../../../src/core/review/replay.ts';
import { standingVotesOf } from '../../../src/core/review/standing.ts';
import { undoAnswers, undoMemberAnswers } from '../../../src/core/review/undo.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Answer } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addMember, addProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

const PERSONS = ['Q1', 'Q2'] as const;
const FACES = 2;
/** 0 and 1 are owners, who may override, ban and reopen. */
const VOTERS = 6;

const voter = fc.integer({ min: 0, max: VOTERS - 1 });
const member = fc.integer({ min: 2, max: VOTERS - 1 });
const face = fc.integer({ min: 0, max: FACES - 1 });
const person = fc.constantFrom(...PERSONS);
const answer = fc.constantFrom<Answer | null>('yes', 'yes', 'no', 'no', 'unsure', null);
const platform = fc.constantFrom('discord', 'matrix', 'web', 'room');
const answers = fc.uniqueArray(fc.record({ face, person, answer }), {
  minLength: 1,
  maxLength: 3,
  selector: (one) => `${one.face} ${one.person}`,
});
const ballot = fc.record({ kind: fc.constant('vote' as const), voter, answers, platform });
const event = fc.oneof(
  { weight: 20, arbitrary: ballot },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ban' as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unban' as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recount' as const), member }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reopen' as const), face, person }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('undo' as const),
      voter,
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undo of' as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('probation' as const), member }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('votes needed' as const), n: fc.integer({ min: 1, max: 3 }) }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;
type CastEvent = typeof ballot extends fc.Arbitrary<infer T> ? T : never;
const history = fc.array(event, { minLength: 15, maxLength: 40 });

describe('after any history', () => {
  let store: Store;
  let dispose: () => Promise<void>;
  const clock = fakeClock();
  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
  });
  afterAll(() => dispose());

  const deps = () => ({ store, clock, nudges: notedNudges() });

  interface World {
    readonly projectId: number;
    readonly voters: readonly number[];
    readonly faces: readonly number[];
  }

  async function makeWorld(votesNeeded: number): Promise<World> {
    const { id: projectId, owner } = await addProject(store, { votes_needed: votesNeeded }, PERSONS);
    const voters = [owner, await addMember(store, projectId, { role: 'owner' })];
    while (voters.length < VOTERS) voters.push(await addMember(store, projectId));
    const faces: number[] = [];
    while (faces.length < FACES) faces.push((await addPortrait(store, projectId)).faceId);
    return { projectId, voters, faces };
  }

  const at = <T>(list: readonly T[], i: number): T => list[i] as T;

  const cast = ({ projectId, voters, faces }: World, event: CastEvent) =>
    castBallot(deps(), {
      projectId,
      accountId: at(voters, event.voter),
      answers: event.answers.map((one) => ({
        faceId: at(faces, one.face),
        person: one.person,
        answer: one.answer,
      })),
      questionId: null,
      platform: event.platform,
    });

  /** What may be refused (a banned member votes, nothing is decided) is refused, and changes nothing. */
  async function play(world: World, event: Event): Promise<void> {
    const { projectId, voters, faces } = world;
    const byOwner = { projectId, accountId: at(voters, 0) };
    const about = (i: number) => ({ ...byOwner, memberId: at(voters, i) });
    clock.advance(event.kind === 'undo of' ? 1000 : 1);
    const work = async () => {
      switch (event.kind) {
        case 'vote':
          return cast(world, event);
        case 'ban':
          return banMember(deps(), about(event.member));
        case 'unban':
          return unbanMember(deps(), about(event.member));
        case 'recount':
          return recountWithout(deps(), about(event.member));
        case 'reopen':
          return reopenVerdict(deps(), {
            ...byOwner,
            faceId: at(faces, event.face),
            person: event.person,
          });
        case 'undo':
          return undoAnswers(deps(), {
            projectId,
            accountId: at(voters, event.voter),
            count: event.count,
          });
        case 'undo of':
          return undoMemberAnswers(deps(), { ...about(event.member), since: clock.now() - 1005 });
        case 'probation':
          return store.db
            .updateTable('project_members')
            .set({ probation_at: clock.now() })
            .where('project_id', '=', projectId)
            .where('account_id', '=', at(voters, event.member))
            .execute();
        case 'votes needed':
          return store.transaction(async (trx) => {
            await trx
              .updateTable('projects')
              .set({ votes_needed: event.n })
              .where('id', '=', projectId)
              .execute();
            return recountProject(store, trx, projectId, clock.now());
          });
      }
    };
    await work().catch((error: { code?: string }) => {
      if (!['forbidden', 'not_found', 'conflict'].includes(error.code ?? '')) throw error;
    });
  }

  /** Everything that decides: who says what about what, and the verdicts. */
  async function snapshot({ projectId }: World) {
    const standing = [...(await standingVotesOf(store.db, projectId, null)).values()].flat();
    const verdicts = await store.db
      .selectFrom('verdicts')
      .select(['face_id', 'person', 'verdict', 'source'])
      .where('project_id', '=', projectId)
      .execute();
    return {
      standing: standing.sort((a, b) => a.id - b.id),
      // A verdict that is open again is a row; one that never was anything else is none.
      verdicts: verdicts
        .filter((row) => row.verdict !== 'open')
        .map((row) => `${row.face_id} ${row.person} ${row.verdict} ${row.source}`)
        .sort(),
    };
  }

  it('a replay from the votes gives the stored verdicts, and nobody counts twice', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 3 }), async (events, votesNeeded) => {
        const world = await makeWorld(votesNeeded);
        for (const one of events) {
          await play(world, one);
          expect(await compareWithVotes(store.db, world.projectId)).toEqual([]);
        }
        const banned = new Set(
          (
            await store.db
              .selectFrom('project_members')
              .select('account_id')
              .where('project_id', '=', world.projectId)
              .where('status', '=', 'banned')
              .execute()
          ).map((row) => row.account_id),
        );
        const { votes_needed } = await store.db
          .selectFrom('projects')
          .select('votes_needed')
          .where('id', '=', world.projectId)
          .executeTakeFirstOrThrow();
        for (const votes of (await standingVotesOf(store.db, world.projectId, null)).values()) {
          const accounts = votes.map((vote) => vote.accountId);
          expect(new Set(accounts).size).toBe(accounts.length);
          for (const vote of votes) expect(vote.keptUntil !== null).toBe(banned.has(vote.accountId));
          // Banned members never count where nothing is decided.
          const { verdict } = decide(votes, votes_needed);
          const without = decide(
            votes.filter((vote) => !banned.has(vote.accountId)),
            votes_needed,
          );
          if (verdict === 'open' || verdict === 'disputed') expect(without.verdict).toBe(verdict);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('undoing the last answer leaves everything as it was before, whatever it was', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.array(ballot, { minLength: 1, maxLength: 4 }), async (events, ballots) => {
        const world = await makeWorld(2);
        for (const one of events) await play(world, one);
        // Several answers of one member, given elsewhere each time.
        const accountId = at(world.voters, ballots[0]?.voter ?? 0);
        const before = await snapshot(world);
        let answered = 0;
        for (const one of ballots) {
          const result = await cast(world, { ...one, voter: ballots[0]?.voter ?? 0 }).catch(
            (error: { code?: string }) => {
              if (error.code !== 'forbidden') throw error;
              return { cast: 0 };
            },
          );
          if (result.cast > 0) answered++;
        }
        fc.pre(answered > 0);
        await undoAnswers(deps(), { projectId: world.projectId, accountId, count: answered });
        expect(await snapshot(world)).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });

  it('an undone answer counts as if it had never been cast, whatever others said after it', async () => {
    const plain = fc.record({ kind: fc.constant('vote' as const), voter: member, answers, platform });
    const others = fc.array(plain, { maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(others, plain, others, async (before, undone, after) => {
        const rest = [before, after].map((list) => list.filter((one) => one.voter !== undone.voter));
        const shape = async (isCast: boolean) => {
          const world = await makeWorld(2);
          for (const one of rest[0] ?? []) await cast(world, one);
          if (isCast) await cast(world, undone);
          for (const one of rest[1] ?? []) await cast(world, one);
          const accountId = at(world.voters, undone.voter);
          if (isCast) await undoAnswers(deps(), { projectId: world.projectId, accountId, count: 1 });
          const { standing, verdicts } = await snapshot(world);
          const name = (text: string) =>
            world.faces.reduce((all, id, i) => all.replace(`${id} `, `face ${i} `), text);
          return {
            standing: standing.map(
              (vote) =>
                `${world.faces.indexOf(vote.faceId)} ${vote.person} ${world.voters.indexOf(vote.accountId)} ${vote.answer}`,
            ),
            verdicts: verdicts.map(name),
          };
        };
        expect(await shape(true)).toEqual(await shape(false));
      }),
      { numRuns: 30 },
    );
  });

  it('the history of each face is one story, and ends with the stored verdict', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (events) => {
        const world = await makeWorld(2);
        // The story is told with the number of votes that is needed today.
        for (const one of events.filter((one) => one.kind !== 'votes needed')) await play(world, one);
        for (const faceId of world.faces) {
          const entries = await faceHistory(store, world.projectId, faceId);
          for (const who of PERSONS) {
            let verdict = 'open';
            for (const entry of entries.filter((one) => one.person === who)) {
              expect(entry.before).toBe(verdict);
              verdict = entry.after;
            }
            const stored = await store.db
              .selectFrom('verdicts')
              .select('verdict')
              .where('project_id', '=', world.projectId)
              .where('face_id', '=', faceId)
              .where('person', '=', who)
              .executeTakeFirst();
            expect(verdict).toBe(stored?.verdict ?? 'open');
            const standing = (await standingVotesOf(store.db, world.projectId, [faceId])).get(
              `${faceId} ${who}`,
            );
            expect(entries.filter((one) => one.person === who && one.stands)).toHaveLength(
              standing?.length ?? 0,
            );
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});
