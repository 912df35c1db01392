import { expect, test } from 'vitest';
import { createOutbox, RANK, type Rank } from '../../../src/bots/discord/outbox.ts';

/** Jobs that end when the test says so. */
function line() {
  const outbox = createOutbox();
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const add = (name: string, rank: Rank, channel = 'a') =>
    outbox.run(channel, rank, () => {
      begun.push(name);
      return new Promise<string>((resolve, reject) => {
        ends.set(name, (error) => (error ? reject(error) : resolve(name)));
      });
    });
  const end = async (name: string, error?: Error) => {
    ends.get(name)?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, add, end };
}

test('what people wait for comes first, and within a rank who came first', async () => {
  const { begun, add, end } = line();
  const all = [
    add('seed 1', RANK.seed),
    add('seed 2', RANK.seed),
    add('post', RANK.post),
    add('edit', RANK.edit),
    add('answer 1', RANK.answer),
    add('answer 2', RANK.answer),
  ];
  // One of a higher rank does not wait for the one that is under way.
  expect(begun).toEqual(['seed 1', 'post', 'edit', 'answer 1']);
  await end('answer 1');
  expect(begun.at(-1)).toBe('answer 2');
  await end('seed 1');
  await end('post');
  await end('edit');
  expect(begun).not.toContain('seed 2');
  await end('answer 2');
  expect(begun.at(-1)).toBe('seed 2');
  await end('seed 2');
  expect(await Promise.all(all)).toEqual(['seed 1', 'seed 2', 'post', 'edit', 'answer 1', 'answer 2']);
});

test('channels do not wait for each other, and a failure holds up nobody', async () => {
  const { begun, add, end } = line();
  const failing = add('post', RANK.post);
  const next = add('next', RANK.post);
  const other = add('other', RANK.post, 'b');
  expect(begun).toEqual(['post', 'other']);
  const failed = expect(failing).rejects.toThrow('no');
  await end('post', new Error('no'));
  await failed;
  expect(begun.at(-1)).toBe('next');
  await end('next');
  await end('other');
  expect(await Promise.all([next, other])).toEqual(['next', 'other']);
});
