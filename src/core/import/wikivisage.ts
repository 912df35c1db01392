import type { Fernet } from '../accounts/fernet.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Store, Trx } from '../store/store.ts';
import { takeClaims } from './claims.ts';
import { takeFaces } from './faces.ts';
import { takeImages } from './files.ts';
import { Known } from './known.ts';
import { takeLabels } from './labels.ts';
import { takeUsers } from './people.ts';
import { type ImportWiki, type ProjectPlan, planProject } from './plan.ts';
import { takeProject } from './projects.ts';
import { type Report, Tally } from './report.ts';
import type { UserRow } from './rows.ts';
import type { Source } from './source.ts';

export interface ImportDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly wiki: ImportWiki;
  readonly log: Log;
  /** VISAVIS_SECRET: accounts are known by a hash that it keys. */
  readonly secret: string;
  readonly fernet: Fernet;
  /** Opens the old tool's encrypted tokens; null when its key was not given. */
  readonly oldFernet: Pick<Fernet, 'decrypt'> | null;
}

export interface ImportOptions {
  /** Does everything but keep it. */
  readonly dryRun?: boolean;
  /** Access and refresh tokens too; they are good only for the old tool's OAuth client. */
  readonly withTokens?: boolean;
  /** Told of each project before it is read. */
  readonly onProject?: (done: number, total: number) => void;
}

/**
 * Takes over a WikiVisage database. What was taken over before is recognised and left as it is here, so it can be
 * repeated at any time, also after it was broken off: users are one transaction, and each project is one.
 * @throws VisavisError `database` when the old database is not as described, `wiki` when the wiki does not answer
 */
export async function importWikiVisage(
  deps: ImportDeps,
  source: Source,
  options: ImportOptions = {},
): Promise<Report> {
  const { dryRun = false } = options;
  const users = await source.users();
  const total = new Tally();
  const plans: ProjectPlan[] = [];
  if (!dryRun)
    total.merge(await deps.store.transaction((trx) => takePeople(deps, source, trx, users, options)));
  const all = await source.projects();
  const projects = all.filter((project) => project.status !== 'deleted');
  total.leftOut('projects', 'deleted there', all.length - projects.length);
  for (const [i, project] of projects.entries()) {
    options.onProject?.(i, projects.length);
    // The wiki is asked first: no transaction waits for it.
    const plan = await planProject(source, deps.wiki, project);
    if (dryRun) plans.push(plan);
    else total.merge(await deps.store.transaction((trx) => takeWhole(deps, source, trx, plan)));
    deps.log.info({ project: project.id, files: plan.images.length }, 'project read from the old database');
  }
  if (dryRun) total.merge(await rehearse(deps, source, users, plans, options));
  options.onProject?.(projects.length, projects.length);
  return total.report(dryRun);
}

async function takePeople(
  deps: ImportDeps,
  source: Source,
  trx: Trx,
  users: readonly UserRow[],
  options: ImportOptions,
): Promise<Tally> {
  const tally = new Tally();
  const now = deps.clock.now();
  const people = { ...deps, now, withTokens: options.withTokens !== false };
  await takeUsers(people, trx, new Known(trx, source.name, now), users, tally);
  return tally;
}

/** One project with everything in it. */
async function takeWhole(deps: ImportDeps, source: Source, trx: Trx, plan: ProjectPlan): Promise<Tally> {
  const tally = new Tally();
  const { store } = deps;
  const now = deps.clock.now();
  const known = new Known(trx, source.name, now);
  const projectId = await takeProject({ store, now }, trx, known, plan, tally);
  if (projectId === null) return tally;
  tally.leftOut('faces', 'replaced by a newer box', plan.superseded);
  for (const taken of await takeImages({ store, now }, trx, known, projectId, plan, tally))
    await takeFaces(trx, known, plan, taken, tally, now);
  await takeLabels({ store, now }, trx, known, projectId, plan, tally);
  await takeClaims(trx, known, projectId, plan, tally, now);
  return tally;
}

/** Does it all in one transaction, and takes it back. */
async function rehearse(
  deps: ImportDeps,
  source: Source,
  users: readonly UserRow[],
  plans: readonly ProjectPlan[],
  options: ImportOptions,
): Promise<Tally> {
  const done = new Rehearsed();
  try {
    await deps.store.transaction(async (trx) => {
      done.tally = new Tally();
      done.tally.merge(await takePeople(deps, source, trx, users, options));
      for (const plan of plans) done.tally.merge(await takeWhole(deps, source, trx, plan));
      throw done;
    });
  } catch (error) {
    if (error !== done) throw error;
  }
  return done.tally;
}

class Rehearsed extends Error {
  tally = new Tally();
}
