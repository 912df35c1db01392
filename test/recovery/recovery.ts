import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { previewRun } from '../../src/core/depicts/runs.ts';
import { until } from '../support/until.ts';
import { compare, type Totals } from './check.ts';
import type { Project } from './community.ts';
import { serviceOf } from './in-service.ts';
import { createInflicted } from './inflict.ts';
import { inWords, plan } from './plan.ts';
import { seeded } from './random.ts';
import { clear, makeScene, type Scene } from './scene.ts';
import { settle } from './settlers.ts';
import { inSeconds } from './table.ts';
import { type Return, startWatch, type Watch } from './watch.ts';

export interface RecoveryOptions {
  readonly seed: number;
  /** How long things go wrong. */
  readonly minutes: number;
  /** The mean time from the beginning of one fault to that of the next. */
  readonly gapMs: number;
  /** For each of three projects. */
  readonly faces: number;
  /** At the end the clocks go ahead, so that nobody has to wait for the leases of those who were killed. */
  readonly hurry?: boolean;
  /** How long a process may take to be in service again, and to end when it is asked to; without it nothing is too long. */
  readonly limits?: { readonly returnMs: number; readonly stopMs: number };
  /** One line at a time. */
  readonly say: (line: string) => void;
}

export interface RecoveryResult {
  readonly seed: number;
  readonly minutes: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly returns: readonly Return[];
  /** Faults that were measured together with one that followed too soon. */
  readonly merged: number;
  readonly stops: readonly { readonly role: string; readonly ms: number }[];
  readonly totals: Totals;
  /** In words; empty when all is well. */
  readonly wrong: readonly string[];
  /** What cannot be done on this machine. */
  readonly leftOut: readonly string[];
  /** Logs of all processes; gone when all is well. */
  readonly folder: string;
}

/** Nothing that is left waits longer: the longest lease is five minutes. */
const SETTLED_WITHIN_MS = 8 * 60_000;
/** After that all leases have run out. */
const LATER_MS = 10 * 60_000;
/** When everybody comes for the first time; that is no return. */
const STARTED = 'start';
/** Worth a line of its own. */
const LONG_MS = 8_000;
/** A new photo in the practice category, which the project is told of. */
const UPLOAD_EVERY_MS = 12_000;

/** People review and write while one thing after the other goes wrong; then it is looked at what became of it all. */
export async function recover(options: RecoveryOptions): Promise<RecoveryResult> {
  const { seed, minutes, gapMs, faces, say } = options;
  const scene = await makeScene();
  const leftOut = scene.smallDisk
    ? []
    : ['a full disk: no file system can be mounted here (that takes root)'];
  for (const one of leftOut) say(`LEFT OUT: ${one}`);
  let failed = true;
  try {
    const { community, projects } = await settle(scene, { faces, random: seeded(seed + 1) });
    const [first] = projects;
    if (!first) throw new Error('no project');
    const watch = startWatch(scene.roles, serviceOf(scene, first), (role, ms, why) => {
      if (ms >= LONG_MS)
        say(`${clockTime()}  ${role.name} is back after ${inSeconds(ms)}; before that: ${why}`);
    });
    const inflicted = createInflicted(scene, watch);
    watch.began(
      STARTED,
      scene.roles.map((role) => role.name),
    )();
    await watch.calm(120_000);
    say(`everybody is there; logs are in ${scene.folder}`);
    community.live();
    const uploads = upload(scene);
    const end = performance.now() + minutes * 60_000;
    const faults = plan(seed, gapMs);
    while (performance.now() < end) {
      const { gapMs: gap, fault } = faults.next().value;
      await pause(gap);
      scene.homeserver.requests.splice(0);
      if (fault.kind === 'disk full' && !scene.smallDisk) continue;
      say(`${clockTime()}  ${inWords(fault)}`);
      void inflicted.inflict(fault);
    }
    await inflicted.over();
    scene.wiki.behave();
    scene.homeserver.heal();
    await watch.calm(60_000).catch((error: unknown) => say(String(error)));
    await uploads.stop();
    await community.rest();
    say(`${clockTime()}  everybody rests; what is left to do is done`);
    if (options.hurry) for (const role of scene.roles) role.step(LATER_MS);
    const unsettled = await finish(scene, projects, watch);
    await watch.stop();
    const { wrong, totals } = await compare(scene, community, projects);
    const away = join(scene.folder, 'away');
    const { counts, stops } = inflicted;
    const { merged } = watch;
    const returns = watch.returns.filter((one) => one.fault !== STARTED);
    const all = [
      ...unsettled,
      ...wrong,
      ...scene.roles.flatMap((role) => role.crashes),
      ...(existsSync(away) ? [`connections away from this machine: ${readFileSync(away, 'utf8')}`] : []),
      ...tooLong(options, returns, stops),
    ];
    failed = all.length > 0;
    return {
      seed,
      minutes,
      counts,
      returns,
      merged,
      stops,
      totals,
      wrong: all,
      leftOut,
      folder: scene.folder,
    };
  } finally {
    await scene.close();
    if (!failed) clear(scene.folder);
  }
}

function tooLong(
  { limits }: RecoveryOptions,
  returns: readonly Return[],
  stops: RecoveryResult['stops'],
): string[] {
  if (!limits) return [];
  const late = returns.filter((one) => one.ms >= limits.returnMs);
  const slow = stops.filter((one) => one.ms >= limits.stopMs);
  return [
    ...late.map((one) => `${one.role} came back ${inSeconds(one.ms)} after: ${one.fault}`),
    ...slow.map((one) => `${one.role} took ${inSeconds(one.ms)} to end`),
  ];
}

function clockTime(): string {
  return new Date().toISOString().slice(11, 19);
}

/** People go on uploading, and owners have the category read again. */
function upload({ wiki, store }: Scene): { stop(): Promise<void> } {
  let over = false;
  const running = (async () => {
    for (let number = 0; !over; number++) {
      await pause(UPLOAD_EVERY_MS);
      if (over) return;
      // Either may be away.
      await wiki.upload(`Recovery ${number}.jpg`, number).catch(() => {});
      await store.db
        .updateTable('projects')
        .set({ crawl_wanted_at: Date.now() })
        .where('category', '=', 'Practice photos')
        .execute()
        .catch(() => {});
    }
  })();
  return {
    async stop() {
      over = true;
      await running;
    },
  };
}

/** Waits until nothing is left to do, and has everything written. @returns what did not come to its end */
async function finish(scene: Scene, projects: readonly Project[], watch: Watch): Promise<string[]> {
  const { store, homeserver } = scene;
  const none = async (query: { execute(): Promise<unknown[]> }) => (await query.execute()).length === 0;
  const runs = store.db
    .selectFrom('runs')
    .select('id')
    .where('state', 'in', ['waiting', 'working', 'paused']);
  const ended = store.db
    .selectFrom('runs')
    .select('id')
    .where('retry_at', 'is not', null)
    .where('state', '!=', 'waiting');
  const files = store.db
    .selectFrom('files')
    .select('id')
    .where('state', '=', 'waiting')
    .where('mime', 'like', 'image/%');
  const posts = store.db
    .selectFrom('posts')
    .select('id')
    .where('state', 'in', ['waiting', 'up'])
    .whereRef('shown', '!=', 'wanted');
  const unreported = store.db
    .selectFrom('runs')
    .select('id')
    .where('message_id', 'is not', null)
    .where((eb) => eb.or([eb('reported', 'is', null), eb('reported', 'not like', 'end %')]));
  const reads = store.db
    .selectFrom('projects')
    .select('id')
    .whereRef('crawl_started_at', '<', 'crawl_wanted_at');
  const problems: string[] = [];
  const wait = async (what: string, look: () => Promise<boolean>) => {
    await until(what, look, SETTLED_WITHIN_MS).catch((error: unknown) => problems.push(String(error)));
  };
  await wait('all processes are in service', async () => watch.missing().length === 0);
  await wait('all runs end', async () => (await none(runs)) && (await none(ended)));
  for (const { owner, room, id } of projects) {
    // What people agreed upon last; who says it a second time has lost nothing.
    await wait(`everything of project ${id} is written`, async () => {
      const before = homeserver.position;
      owner.chat.say(room, '!visavis write yes');
      await until('the bot answers', () => answeredSince(scene, before), 30_000).catch(() => {});
      await until('the run ends', () => none(runs), 60_000).catch(() => {});
      return (await none(runs)) && (await previewRun(store, id)).pairs.length === 0;
    });
  }
  await wait('all runs end', async () => (await none(runs)) && (await none(ended)));
  await wait('the category is read', () => none(reads));
  await wait('all photos are looked at', () => none(files));
  await wait('all posts show what is known', () => none(posts));
  await wait('the end of every run is told', () => none(unreported));
  return problems;
}

/** The bot has said something after this place in the chat. */
function answeredSince({ homeserver }: Scene, position: number): boolean {
  return homeserver
    .roomList()
    .some((room) =>
      room.events.some(
        (one) => one.position > position && one.sender === homeserver.bot.id && one.type === 'm.room.message',
      ),
    );
}
