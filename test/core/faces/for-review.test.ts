import { describe, expect, it } from 'vitest';
import {
  answerForReview,
  lastAnswer,
  nextForReview,
  pictureAhead,
  reviewView,
} from '../../../src/core/faces/for-review.ts';
import { duplicatesOf } from '../../../src/core/projects/duplicates.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addChannel, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('answering on the site, on %s', (kind) => {
  let store: Store;
  const clock = fakeClock();
  const deps = () => ({ store, clock, nudges: notedNudges() });
  useStore(kind, (fresh) => {
    store = fresh;
  });

  /** One member, a file of two faces and one of a single face. */
  async function world() {
    const { id } = await addProject(store, { votes_needed: 2 });
    const member = await addMember(store, id);
    const pair = await addFile(store, id, { thumb_url: 'https://p.example/pair.jpg' });
    const alone = await addFile(store, id, { thumb_url: 'https://p.example/alone.jpg' });
    const left = await addFace(store, pair, { x: 0.1 });
    const right = await addFace(store, pair, { x: 0.6 });
    const single = await addFace(store, alone);
    return { id, member, left, right, single, args: { projectId: id, accountId: member } };
  }

  it('shows the file with the faces asked about, the others, and confirmed examples', async () => {
    const { id, left, right, single } = await world();
    await store.db
      .insertInto('verdicts')
      .values({
        project_id: id,
        face_id: single,
        person: 'Q1',
        verdict: 'match',
        source: 'votes',
        changed_at: 0,
      })
      .execute();
    const view = await reviewView(store, id, { questionId: null, person: 'Q1', faceIds: [right] });
    expect(view).toMatchObject({
      label: 'Person Q1',
      examples: [{ faceId: single, boxNumber: 0 }],
      file: { pictureUrl: 'https://p.example/pair.jpg', width: 1000 },
      faces: [{ faceId: right, box: [0.6, 0.1, 0.2, 0.2] }],
      others: [[0.1, 0.1, 0.2, 0.2]],
    });
    for (const faceIds of [[left, single], [left, left], [999_999]])
      expect(await reviewView(store, id, { questionId: null, person: 'Q1', faceIds })).toBeNull();
    expect(await reviewView(store, id, { questionId: null, person: 'Q2', faceIds: [left] })).toBeNull();
  });

  it('asks, takes the answer, knows it as the last one, and asks the next', async () => {
    const { id, args, left, right, single } = await world();
    const seen: (readonly number[])[] = [];
    for (;;) {
      const asked = await nextForReview(store, args);
      if (!asked) break;
      seen.push(asked.faceIds);
      await answerForReview(deps(), { ...args, asked, said: { faceId: asked.faceIds[0] ?? 0 } });
      expect(await lastAnswer(store, args)).toMatchObject({ person: 'Q1', faceIds: asked.faceIds });
    }
    expect(seen.toSorted()).toEqual([[left, right], [single]].toSorted());
    const votes = await store.db
      .selectFrom('votes')
      .select(['face_id', 'answer'])
      .where('project_id', '=', id)
      .execute();
    expect(new Map(votes.map((vote) => [vote.face_id, vote.answer]))).toEqual(
      new Map([
        [left, 'yes'],
        [right, 'no'],
        [single, 'yes'],
      ]),
    );
  });

  it('guesses which picture comes next: of the next question in a chat, else what would be asked', async () => {
    const { id, left, right, single } = await world();
    const ahead = (faceIds: readonly number[]) =>
      pictureAhead(store, id, { questionId: null, person: 'Q1', faceIds });
    expect(await ahead([left, right])).toBe('https://p.example/alone.jpg');
    expect(await ahead([left, right, single])).toBeNull();
    const channelId = await addChannel(store, id);
    await store.transaction((trx) =>
      openQuestion(trx, { projectId: id, kind: 'single', person: 'Q1', faceIds: [left] }, channelId, 0),
    );
    expect(await ahead([single])).toBe('https://p.example/pair.jpg');
  });

  it('takes no answer about a question of another project, or about other faces than it shows', async () => {
    const { id, args, left, single } = await world();
    const other = await world();
    const channelId = await addChannel(store, id);
    const { questionId } = await store.transaction((trx) =>
      openQuestion(trx, { projectId: id, kind: 'single', person: 'Q1', faceIds: [left] }, channelId, 0),
    );
    const answer = (who: typeof args, faceId: number) =>
      answerForReview(deps(), {
        ...who,
        asked: { questionId, person: 'Q1', faceIds: [faceId] },
        said: 'yes',
      });
    for (const [who, faceId] of [
      [args, single],
      [other.args, other.left],
      [other.args, left],
    ] as const)
      await expect(answer(who, faceId)).rejects.toMatchObject({ code: 'not_found' });
    await answer(args, left);
    expect(await lastAnswer(store, other.args)).toBeNull();
  });

  it('finds projects for the same person in the same category', async () => {
    const { id } = await addProject(store, { category: 'Twice', title: 'Once' }, ['Q7', 'Q8']);
    await addProject(store, { category: 'Twice', state: 'deleted' }, ['Q7']);
    const find = (persons: readonly string[], category = 'Twice') =>
      store.transaction((trx) => duplicatesOf(trx, { category, persons }));
    expect(await find(['Q7', 'Q8'])).toEqual([{ id, title: 'Once', owners: [expect.any(String)] }]);
    expect([await find(['Q9']), await find(['Q7'], 'twice')]).toEqual([[], []]);
  });
});
