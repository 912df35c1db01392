import { randomBytes } from 'node:crypto';
import { silentLog } from '../../core/platform/log.ts';
import { connectRedis } from '../../core/platform/redis.ts';
import { ANSWER_MS, bad, type Finding, ok, reasonOf } from './report.ts';

const WHAT = 'Redis';

/** Connects, and writes, reads and deletes one key of our own prefix. */
export async function checkRedis(url: string, secret: string): Promise<Finding[]> {
  const { host } = new URL(url);
  const connection = connectRedis({ url, secret, log: silentLog });
  const { redis, prefix } = connection;
  try {
    await new Promise<void>((resolve, reject) => {
      redis.once('ready', resolve);
      redis.once('error', reject);
      AbortSignal.timeout(ANSWER_MS).addEventListener('abort', () => reject(new Error('it does not answer')));
    });
    const key = `${prefix}:doctor:${randomBytes(6).toString('hex')}`;
    const began = performance.now();
    await redis.set(key, 'well', 'EX', 10);
    const read = await redis.get(key);
    const took = performance.now() - began;
    await redis.del(key);
    if (read !== 'well')
      return [bad(WHAT, `${host} did not keep what was written; is its memory full, or is it a replica?`)];
    return [ok(WHAT, `${host}, wrote and read a key in ${took.toFixed(1)} ms`)];
  } catch (error) {
    return [
      bad(
        WHAT,
        `${host}: ${reasonOf(error)}. Visavis runs without it, but processes then count limits each for itself`,
      ),
    ];
  } finally {
    connection.close();
  }
}
