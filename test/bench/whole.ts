/**
 * The whole way in one go, over one MariaDB and one Redis: a category is read, its pictures are downloaded, faces found,
 * measured and matched, people answer in the practice room, and what they agree on is written to the pocket wiki.
 *
 *   node test/bench/whole.ts [--files 9000] [--workers 2] [--think 1500] [--out FILE]
 *
 * The web site, the bots and the workers are processes of their own with the real detector; the pictures are made out of
 * the practice photos when they are asked for. The pace of edits is off. Tells how it goes on the way, prints one line of
 * JSON, and asserts that the wiki has every statement of the ledger once.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { letAnswer, Member } from './whole/community.ts';
import { watchMemory } from './whole/memory.ts';
import { busyNow, countRows, databaseSize, detectedFiles, timesOf } from './whole/numbers.ts';
import { startSite, type WholeSite } from './whole/site.ts';
import { type Progress, summary, type WholeResult } from './whole/summary.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '9000' },
    workers: { type: 'string', default: '2' },
    think: { type: 'string', default: '1500' },
    out: { type: 'string' },
  },
});
const files = Number(values.files);
const workers = Number(values.workers);
const thinkMs = Number(values.think);
/** 5,000 of 9,000 files. */
const claims = Math.round((files * 5) / 9);
const VOTES_NEEDED = 2;
const [OWNER, ...OTHERS] = ['Practice Chen', 'Practice Anna', 'Practice Bo', 'Practice Eli'] as const;
/** Nothing more is asked for so long: people have told everything. */
const QUIET_MS = 60_000;

const site = await startSite({ files, workers, bots: true, owner: OWNER });
try {
  const result = await goTheWay(site);
  const text = JSON.stringify(result);
  if (values.out) writeFileSync(values.out, `${text}\n`);
  process.stderr.write(`\n${summary(result)}`);
  process.stdout.write(`${text}\n`);
  if (result.problem !== null) throw new Error(result.problem);
} finally {
  await site.stop();
}

async function goTheWay({ url, wiki, store, roles }: WholeSite): Promise<WholeResult> {
  const memory = watchMemory([
    ...roles.map(({ name, role, running }) => ({ name, pid: running.pid, detector: role !== 'web' })),
  ]);
  const owner = new Member(OWNER, url, wiki.pocket);
  const members = [owner, ...OTHERS.map((name) => new Member(name, url, wiki.pocket))];
  for (const member of members) {
    await member.signIn();
    await member.browser.get('/room/practice');
    await member.link();
  }
  wiki.takeRequests();
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  await owner.setUp({ votesNeeded: VOTES_NEEDED });
  await owner.say('!visavis setup 1 open=20');
  say('the project is there');
  const progress: Progress[] = [];
  const community = letAnswer(store, members, { votesNeeded: VOTES_NEEDED, thinkMs });
  await Promise.race([untilAnswered(), community.failed]);
  await community.stop();
  const untilDryRun = wiki.takeRequests();

  say('dry run');
  const asked = since();
  await (await owner.browser.get('/projects/1/write')).text();
  const shown = since();
  const where = await owner.send('/projects/1/write', {});
  const own = { dryRun: shown - asked, queueing: since() - shown };
  const runId = Number(/runs\/(\d+)/.exec(where)?.[1]);
  await untilWritten(runId);
  const whileWriting = wiki.takeRequests();
  const end = performance.now();
  say('written');
  await memory.stop();

  const ledger = await compareWithWiki();
  const times = await timesOf(store, runId);
  const rows = await countRows(store);
  const busy = await busyNow(roles);
  return {
    files,
    rows,
    ...ledger,
    seconds: (end - began) / 1000,
    steps: { ...stepsOf(times), ...own },
    progress,
    answers: community.answers,
    busy: Object.fromEntries(busy),
    requests: {
      untilDryRun: Object.fromEntries(untilDryRun),
      whileWriting: Object.fromEntries(whileWriting),
    },
    memory: memory.rows(began + 1000 * afterAFifth(), end),
    database: await databaseSize(store),
    warnings: warnings(),
  };

  /** Until people agree on enough, or are asked nothing any more. */
  async function untilAnswered(): Promise<void> {
    let quietSince = performance.now();
    let before = -1;
    for (let i = 0; ; i++) {
      const agreed = await matches();
      const detected = await detectedFiles(store);
      progress.push({ seconds: since(), detected, answers: community.answers, agreed });
      if (i % 6 === 0)
        say(`${detected} files, ${community.answers} answers, ${agreed} to write; ${memory.now()}`);
      if (community.answers !== before) quietSince = performance.now();
      before = community.answers;
      const isAllSeen = detected >= files;
      if (isAllSeen && agreed >= claims) return;
      if (isAllSeen && performance.now() - quietSince > QUIET_MS) return;
      await pause(2_500);
    }
  }

  /** Seconds until a fifth of the files were looked at, and a fifth of the answers given. */
  function afterAFifth(): number {
    const there = progress.find(
      ({ detected, answers }) => detected >= files / 5 && answers >= community.answers / 5,
    );
    return there?.seconds ?? 0;
  }

  async function matches(): Promise<number> {
    const { n } = await store.db
      .selectFrom('verdicts')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('verdict', '=', 'match')
      .where('source', '!=', 'bootstrap')
      .executeTakeFirstOrThrow();
    return Number(n);
  }

  async function untilWritten(run: number): Promise<void> {
    for (let i = 0; ; i++) {
      const { state, reason } = await store.db
        .selectFrom('runs')
        .select(['state', 'reason'])
        .where('id', '=', run)
        .executeTakeFirstOrThrow();
      if (state === 'done') return;
      if (state !== 'waiting' && state !== 'working') throw new Error(`the run is ${state}: ${reason}`);
      if (i % 60 === 0) say(`the run is ${state}`);
      await pause(250);
    }
  }

  /** Whether the wiki has every statement of the ledger once, and nothing else but what it had before. */
  async function compareWithWiki(): Promise<{ claims: number; problem: string | null }> {
    const written = await store.db
      .selectFrom('sdc_claims')
      .select('statement_id')
      .where('state', '=', 'written')
      .execute();
    const onWiki = wiki.pageIds.flatMap((pageId) =>
      wiki.pocket.hands
        .statements(pageId)
        .map((one) => ({ pageId, id: one.id.toUpperCase(), says: one.mainsnak })),
    );
    const ids = new Set(onWiki.map(({ id }) => id));
    const missing = written.filter((claim) => !ids.has(claim.statement_id.toUpperCase())).length;
    const different = new Set(onWiki.map(({ pageId, says }) => `${pageId} ${JSON.stringify(says)}`)).size;
    const fits =
      missing === 0 && different === onWiki.length && onWiki.length === written.length + wiki.statedBefore;
    const problem = `of ${written.length} statements in the ledger the wiki lacks ${missing}; it has ${onWiki.length}, ${different} different ones`;
    return { claims: written.length, problem: fits ? null : problem };
  }

  function say(text: string): void {
    process.stderr.write(`${since().toFixed(0).padStart(5)} s  ${text}\n`);
  }

  /** How often each process warned of what. */
  function warnings(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { name, running } of roles) {
      for (const line of running.words().split('\n')) {
        const message = /"msg":"([^"]+)"/.exec(line)?.[1];
        if (message) counts[`${name}: ${message}`] = (counts[`${name}: ${message}`] ?? 0) + 1;
      }
    }
    return counts;
  }
}

type Times = Awaited<ReturnType<typeof timesOf>>;

/** Seconds from the beginning of each step to its end; they overlap. */
function stepsOf({ project, files: found, votes, run }: Times): Record<string, number> {
  const span = (from: number | null, to: number | null) => ((to ?? 0) - (from ?? 0)) / 1000;
  return {
    crawl: span(project.created_at, project.crawled_at),
    bootstrap: span(project.crawled_at, project.bootstrapped_at),
    detection: span(project.created_at, found.last),
    review: span(votes.first, votes.last),
    write: span(run.created_at, run.finished_at),
  };
}
