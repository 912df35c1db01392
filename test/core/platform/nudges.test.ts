import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { silentLog } from '../../../src/core/platform/log.ts';
import { memoryNudges, type Nudges, redisNudges, type Topic } from '../../../src/core/platform/nudges.ts';
import { connectRedis, type RedisConnection } from '../../../src/core/platform/redis.ts';
import { type OwnRedis, startRedis } from '../../support/redis.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 30_000, interval: 20 };
const SECRET = 'a secret for tests alone, long enough';

/** How often each topic was heard. */
function ear(nudges: Nudges, ...topics: Topic[]) {
  const heard: Topic[] = [];
  for (const topic of topics) nudges.listen(topic, () => heard.push(topic));
  return heard;
}

it('nudges in one process reach who listens to the topic, until they stop', async () => {
  const nudges = memoryNudges();
  const heard = ear(nudges, 'work');
  let posts = 0;
  const stop = nudges.listen('posts', () => posts++);
  nudges.nudge('work');
  nudges.nudge('posts');
  stop();
  nudges.nudge('posts');
  expect([heard, posts]).toEqual([['work'], 1]);
  await nudges.close();
});

describe.skipIf(inject('redis') === null)('nudges over Redis', () => {
  let redis: OwnRedis;
  let connections: RedisConnection[];
  let one: Nudges;
  let other: Nudges;
  beforeAll(async () => {
    redis = await startRedis();
    connections = [0, 1].map(() => connectRedis({ url: redis.url, secret: SECRET, log: silentLog }));
    [one, other] = connections.map((connection) => redisNudges(connection)) as [Nudges, Nudges];
  });
  afterAll(async () => {
    for (const connection of connections) connection.close();
    await redis.stop();
  });

  /** Nudges may be lost, so it is said again until it is heard. */
  const reaches = async (from: Nudges, to: Nudges) => {
    const heard = ear(to, 'room:general');
    await expect
      .poll(() => {
        from.nudge('room:general');
        return heard.length;
      }, PATIENT)
      .toBeGreaterThan(0);
  };

  it('reach the own process once, and the others', async () => {
    await reaches(one, other);
    await reaches(other, one);
    const heard = ear(one, 'project:5');
    const there = ear(other, 'project:5');
    one.nudge('project:5');
    expect(heard).toEqual(['project:5']);
    await expect.poll(() => there.length, PATIENT).toBe(1);
    // Until now the own message has come back too, and was not heard a second time.
    await reaches(other, one);
    expect(heard).toHaveLength(1);
  });

  it('pass on nothing but known topics, of whoever knows the channel', async () => {
    const [connection] = connections;
    const channel = `${connection?.prefix}:nudges`;
    expect(channel).not.toContain(SECRET);
    const heard = ear(other, 'error' as Topic, 'project:0' as Topic, 'work');
    for (const text of ['x error', 'x project:0', 'x ', '', 'x work'])
      await connection?.redis.publish(channel, text);
    await expect.poll(() => heard, PATIENT).toEqual(['work']);
  });

  it('stay in the own process while Redis is away, and reach the others again when it is back', async () => {
    const heard = ear(one, 'posts');
    await redis.kill();
    await expect.poll(() => connections.some((connection) => connection.ready), PATIENT).toBe(false);
    one.nudge('posts');
    expect(heard).toEqual(['posts']);
    const missed = ear(other, 'work', 'posts', 'runs');
    await redis.revive();
    // What was missed meanwhile nobody knows, so everybody looks.
    await expect.poll(() => missed, PATIENT).toEqual(expect.arrayContaining(['work', 'posts', 'runs']));
    await reaches(one, other);
    await reaches(other, one);
  });
});
