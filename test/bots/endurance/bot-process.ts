/**
 * The bot in a process of its own, so that its memory can be measured without the stand-ins:
 *
 *   node test/bots/endurance/bot-process.ts DATABASE SPEED STAGES
 *
 * DATABASE is a file of SQLite, SPEED how many times as fast its clock runs, STAGES a JSON list of `platform`, `url`
 * and `token`. It answers questions of the process that started it.
 */

import { openStore } from '../../../src/core/store/store.ts';
import { collectGarbage } from '../../../src/detect/memory.ts';
import { startBot } from './bot.ts';
import type { Answer, Question } from './child.ts';
import { quickClock } from './quick-clock.ts';

const [path = '', speed = '1', stages = '[]'] = process.argv.slice(2);
const store = openStore({ kind: 'sqlite', path });
const bot = await startBot(store, quickClock(Number(speed)), JSON.parse(stages));

process.on('message', async (question: Question) => {
  const answer: Answer = { health: bot.health(), bytes: question === 'memory' ? memory() : 0 };
  process.send?.(answer);
  if (question !== 'stop') return;
  await bot.stop();
  await store.close();
  process.disconnect();
});

/** What is really in use. */
function memory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
