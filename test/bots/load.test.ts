import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { addPicture, answersAbout, deskWorld, type Person, verdictOf } from '../support/desk.ts';
import { engines, freshStore } from '../support/stores.ts';

const PEOPLE = 50;
const POSTS = 10;
const REACTIONS = 200;

/** Production's own number of connections. */
const CONNECTIONS = 3;

describe.each(engines())('two hundred reactions in one second on %s', (kind) => {
  it('from fifty people below ten posts are all counted, and each verdict is right', async () => {
    const { store, dispose } = await freshStore(kind, CONNECTIONS);
    try {
      const world = await deskWorld({ store, maxOpen: POSTS, votes_needed: 2 });
      const faces: number[] = [];
      for (let i = 0; i < POSTS; i++) faces.push(...(await addPicture(store, world.projectId)).faceIds);
      const people: Person[] = [];
      for (let i = 0; i < PEOPLE; i++) people.push(await world.member(`Person ${i}`));
      await world.open();
      for (let i = 0; i < POSTS; i++) await world.round();
      const posts = world.platform.shown();
      expect(posts).toHaveLength(POSTS);

      // Everybody answers four posts. Half of the posts show the person; about the last one, one of them dissents.
      const said = Array.from({ length: REACTIONS }, (_, i) => {
        const post = (i + Math.floor(i / PEOPLE)) % POSTS;
        const isYes = post % 2 === 0 || i === REACTIONS - POSTS;
        return { person: people[i % PEOPLE], post, emoji: isYes ? '✅' : '❌' };
      });
      const took: number[] = [];
      const start = performance.now();
      const counted = said.map(async ({ person, post, emoji }, i) => {
        const message = posts[post];
        if (!person || !message) throw new Error('nobody there');
        // They arrive spread over the second, whatever became of those before.
        await pause((i * 1000) / REACTIONS);
        const at = performance.now();
        await world.platform.react(message, person, emoji);
        took.push(performance.now() - at);
      });
      await Promise.all(counted);
      const total = performance.now() - start;
      took.sort((a, b) => a - b);
      const part = (share: number) => Math.round(took[Math.floor(took.length * share)] ?? 0);
      process.stderr.write(
        `\n${kind}: ${REACTIONS} reactions in ${Math.round(total)} ms; from event to stored vote: median ${part(0.5)} ms, p95 ${part(0.95)} ms, most ${part(0.999)} ms\n`,
      );

      const shown = posts.map((message) => numberOf(message.card.footer));
      for (const [i, number] of shown.entries()) {
        const faceId = await faceOf(number);
        const answers = await answersAbout(store, faceId);
        const expected = said.filter((one) => one.post === i);
        expect(answers).toEqual(
          Object.fromEntries(
            expected.map((one) => [one.person?.accountId, one.emoji === '✅' ? 'yes' : 'no']),
          ),
        );
        const kinds = new Set(Object.values(answers));
        const verdict = kinds.size > 1 ? 'disputed' : kinds.has('yes') ? 'match' : 'no_match';
        expect(await verdictOf(store, world.projectId, faceId)).toBe(verdict);
      }
      const votes = await store.db.selectFrom('votes').select('id').execute();
      expect(votes).toHaveLength(REACTIONS);
      const reactions = await store.db.selectFrom('reactions').select('id').execute();
      expect(reactions).toHaveLength(REACTIONS);
      await world.close();

      async function faceOf(questionId: number): Promise<number> {
        const row = await store.db
          .selectFrom('question_faces')
          .select('face_id')
          .where('question_id', '=', questionId)
          .executeTakeFirstOrThrow();
        return row.face_id;
      }
    } finally {
      await dispose();
    }
  });
});

function numberOf(footer: string | undefined): number {
  return Number(/^#(\d+) /.exec(footer ?? '')?.[1]);
}
