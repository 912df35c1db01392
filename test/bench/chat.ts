/**
 * How quick the bots are, with the stand-ins and without any platform's limits: 300 open questions after a restart, and
 * from a reaction to the edited post. The stand-ins run in the same process, so the real thing is no slower for them.
 *
 *   node test/bench/chat.ts [POSTS] [REACTIONS]
 */
import { setTimeout as pause } from 'node:timers/promises';
import { migrations } from '../../migrations/index.ts';
import { systemClock } from '../../src/core/platform/clock.ts';
import { migrate } from '../../src/core/store/migrate.ts';
import { openStore } from '../../src/core/store/store.ts';
import { startBot } from '../bots/endurance/bot.ts';
import { askOn, countShown, votesByMessage } from '../bots/endurance/project.ts';
import { discordStage, matrixStage, type Stage } from '../bots/endurance/stages.ts';

const posts = Number(process.argv[2] ?? 300);
const reactions = Number(process.argv[3] ?? 60);
/** People who answered below posts of their own while the bot was away. */
const PEOPLE = 20;
/** What people see as “at once” has to be seen here as quickly. */
const LOOK_EVERY_MS = 2;

interface Line {
  readonly postedMs: number;
  readonly restoredMs: number;
  readonly medianMs: number;
  readonly p95Ms: number;
}

const lines: Record<string, Line> = {};
for (const open of [discordStage, () => matrixStage(systemClock)]) {
  const stage = await open();
  lines[stage.platform] = await measure(stage);
  await stage.close();
}
process.stdout.write(
  `${posts} open questions, ${reactions} reactions one after the other, one vote decides; milliseconds\n`,
);
for (const [platform, { postedMs, restoredMs, medianMs, p95Ms }] of Object.entries(lines))
  process.stdout.write(
    `${platform.padEnd(8)} posted in ${postedMs}, restored in ${restoredMs}, from reaction to edited post: median ${medianMs}, p95 ${p95Ms}\n`,
  );

async function measure(stage: Stage): Promise<Line> {
  const store = openStore({ kind: 'sqlite', path: ':memory:' });
  await migrate(store, migrations);
  const members = await askOn(store, [stage], { pictures: posts, people: PEOPLE, votesNeeded: 1 });
  const first = await startBot(store, systemClock, [stage]);
  const postedMs = await taking(async () => (await countShown(store)) === posts);
  await first.stop();

  const ids = stage.posts();
  for (const [i, member] of members.entries())
    stage.react(member.ids[stage.platform] ?? '', ids.at(-1 - i) ?? '', '✅');
  const restart = performance.now();
  const second = await startBot(store, systemClock, [stage]);
  await taking(async () => (await votesByMessage(store)).size === PEOPLE);
  const restoredMs = Math.round(performance.now() - restart);
  const [person] = members;
  const took: number[] = [];
  // The edits of those that were answered meanwhile come first.
  await taking(async () => ids.slice(-PEOPLE).every((id) => stage.text(id).includes('✅ This is')));
  for (const id of ids.slice(0, reactions)) {
    const start = performance.now();
    stage.react(person?.ids[stage.platform] ?? '', id, '✅');
    await taking(async () => stage.text(id).includes('✅ This is'));
    took.push(performance.now() - start);
  }
  took.sort((a, b) => a - b);
  const part = (share: number) => Math.round(took[Math.floor((took.length - 1) * share)] ?? 0);
  await second.stop();
  await store.close();
  return { postedMs, restoredMs, medianMs: part(0.5), p95Ms: part(0.95) };
}

async function taking(isSo: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await isSo())) await pause(LOOK_EVERY_MS);
  return Math.round(performance.now() - start);
}
