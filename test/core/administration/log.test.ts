import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LogFilter, readLog } from '../../../src/core/administration/log.ts';
import { logSubjects } from '../../../src/core/administration/log-subjects.ts';
import { startRun } from '../../../src/core/depicts/runs.ts';
import { audit } from '../../../src/core/platform/audit.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addProject } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { addMatch } from '../depicts/support.ts';
import { fakeClock } from '../wiki/fakes.ts';

const EVERYTHING: LogFilter = { who: '', what: '', project: null, from: null, until: null };

describe.each(engines())('the audit log for administrators on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let ada: number;
  let project: number;
  let other: number;
  let pageId: number;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    const clock = fakeClock();
    ada = await addAccount(store, { username: 'Ada' });
    ({ id: project } = await addProject(store, { created_by: ada }));
    ({ id: other } = await addProject(store));
    ({ pageId } = await addMatch(store, project));
    await startRun({ store, clock, nudges: notedNudges() }, { projectId: project, accountId: ada });
    await note(1_000, 'settings changed', `project ${project}`);
    await note(2_000, 'settings changed', `project ${other}`);
    await note(3_000, 'statement added', `M${pageId} Q1`);
    await note(4_000, 'statement added', 'M99999999 Q1');
    await note(5_000, '100%_done!', 'site', null);
    await note(6_000, 'verdict decided', 'face 1 Q1', ada, { project: other, answer: 'yes' });
  });
  afterAll(() => dispose());

  const note = (
    at: number,
    action: string,
    subject: string,
    accountId: number | null = ada,
    detail: Record<string, unknown> = {},
  ) => store.transaction((trx) => audit(store, trx, { at, accountId, action, subject, detail }));
  const found = async (filter: Partial<LogFilter>, before: number | null = null, limit = 50) =>
    (await readLog(store, { ...EVERYTHING, ...filter }, { before, limit })).map(
      (entry) => `${entry.action}: ${entry.subject}`,
    );

  it('gives the newest first, page by page', async () => {
    const first = await readLog(store, EVERYTHING, { before: null, limit: 4 });
    const rest = await readLog(store, EVERYTHING, { before: first.at(-1)?.id ?? 0, limit: 50 });
    expect(first.map((entry) => entry.action)).toEqual([
      'verdict decided',
      '100%_done!',
      'statement added',
      'statement added',
    ]);
    expect([...first, ...rest].map((entry) => entry.id)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(first[0]).toMatchObject({ accountId: ada, username: 'Ada' });
    expect(first[1]).toMatchObject({ accountId: null, username: null });
  });

  it('tells in words what an entry is about, with a link, where that is known', async () => {
    const run = await store.db.selectFrom('runs').select('id').where('project_id', '=', project).execute();
    const about = await logSubjects(store, [
      `project ${project}`,
      `run ${run[0]?.id}`,
      `account ${ada}`,
      `M${pageId} Q1`,
      'M99999999 Q1',
      'face 3 Q1',
      'site',
    ]);
    expect(Object.fromEntries(about)).toEqual({
      [`project ${project}`]: { text: `A project (project ${project})`, href: `/projects/${project}` },
      [`run ${run[0]?.id}`]: {
        text: `run ${run[0]?.id}`,
        href: `/projects/${project}/runs/${run[0]?.id}`,
      },
      [`account ${ada}`]: { text: `Ada (account ${ada})`, href: `/admin/log?who=${ada}` },
      [`M${pageId} Q1`]: {
        text: `Picture ${pageId}.jpg → Person Q1 (Q1)`,
        href: `https://wiki.example/File:${pageId}`,
      },
      'face 3 Q1': { text: 'face 3 · Q1', href: '/faces/3' },
    });
  });

  it('of a project: its own acts, its runs, its edits and what names it', async () => {
    expect(await found({ project })).toEqual([
      `statement added: M${pageId} Q1`,
      `settings changed: project ${project}`,
      'run started: run 1',
    ]);
    expect(await found({ project: other })).toEqual([
      'verdict decided: face 1 Q1',
      `settings changed: project ${other}`,
    ]);
  });

  it('by who, by what and by time', async () => {
    expect(await found({ who: 'Ada' })).toHaveLength(6);
    expect(await found({ who: String(ada) })).toHaveLength(6);
    expect(await found({ who: 'Nobody' })).toEqual([]);
    expect(await found({ what: 'settings' })).toHaveLength(2);
    // A part of a name, not a pattern.
    for (const what of ['%', '_', '!']) expect(await found({ what })).toEqual(['100%_done!: site']);
    expect(await found({ from: 2_000, until: 4_000, who: 'Ada' })).toEqual([
      `statement added: M${pageId} Q1`,
      `settings changed: project ${other}`,
    ]);
  });
});
