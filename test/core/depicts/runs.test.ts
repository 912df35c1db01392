import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimsOfRun, listRuns, runById } from '../../../src/core/depicts/history.ts';
import { resumeRunsOf } from '../../../src/core/depicts/resume.ts';
import {
  previewRun,
  type RunDeps,
  requestStop,
  startRun,
  startUndo,
} from '../../../src/core/depicts/runs.ts';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { memoryStore } from '../../support/desk.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addToProject } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import {
  addMatch,
  claimStates,
  claims,
  pagesToWrite,
  runRow,
  runState,
  type WritingDesk,
  writingDesk,
} from './support.ts';

type Fresh = Awaited<ReturnType<typeof freshStore>>;

let fresh: Fresh;
let store: Store;

describe('runs', () => {
  beforeEach(async () => {
    store = await memoryStore();
  });
  afterEach(() => store.close());

  it('puts every pair into the ledger, under the account of the one who asked', async () => {
    const desk = await writingDesk(store, { matches: 3 });
    const runId = await desk.start();
    expect(await runRow(store, runId)).toMatchObject({
      kind: 'write',
      state: 'waiting',
      account_id: desk.member,
      undoes: null,
    });
    expect((await runRow(store, runId)).edit_group).toMatch(/^[0-9a-f]{4,32}$/);
    const ledger = [...(await claims(store)).values()];
    expect(ledger).toHaveLength(3);
    for (const claim of ledger) {
      expect(claim).toMatchObject({ state: 'queued', run_id: runId, account_id: desk.member, person: 'Q1' });
      expect(claim.statement_id).toMatch(new RegExp(`^M${claim.page_id}\\$[0-9A-F-]{36}$`));
    }
    expect(await audits('run started')).toEqual([`run ${runId}`]);
  });

  it('writes nothing for a preview', async () => {
    const desk = await writingDesk(store, { matches: 2 });
    expect((await previewRun(store, desk.projectId)).pairs).toHaveLength(2);
    expect((await claims(store)).size).toBe(0);
    expect(await listRuns(store, desk.projectId)).toEqual([]);
  });

  it.each([
    ['a stranger', (_desk: WritingDesk) => addAccount(store)],
    [
      'somebody who was banned',
      (desk: WritingDesk) => addMember(store, desk.projectId, { status: 'banned' }),
    ],
    ['a blocked account', (desk: WritingDesk) => addMember(store, desk.projectId, { blocked: true })],
  ])('is not started by %s', async (_who, make) => {
    const desk = await writingDesk(store);
    const accountId = await make(desk);
    await expect(startRun(desk.deps, { projectId: desk.projectId, accountId })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect((await claims(store)).size).toBe(0);
    expect(await listRuns(store, desk.projectId)).toEqual([]);
  });

  it('is refused when there is nothing to write, and leaves no run behind', async () => {
    const desk = await writingDesk(store, { matches: 0 });
    await expect(desk.start()).rejects.toMatchObject({ code: 'conflict' });
    expect(await listRuns(store, desk.projectId)).toEqual([]);
  });

  it('is refused in a project that is deleted', async () => {
    const desk = await writingDesk(store);
    await store.db
      .updateTable('projects')
      .set({ state: 'deleted' })
      .where('id', '=', desk.projectId)
      .execute();
    await expect(desk.start()).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each(['waiting', 'working', 'paused'] as const)('is refused while another one is %s', async (state) => {
    const desk = await writingDesk(store, { matches: 1 });
    await desk.start();
    await addMatch(store, desk.projectId);
    await store.db.updateTable('runs').set({ state }).execute();
    await expect(desk.start()).rejects.toMatchObject({ code: 'conflict' });
    await store.db.updateTable('runs').set({ state: 'stopped' }).execute();
    await desk.start();
  });

  it('is seen in the history with its counts and its claims', async () => {
    const desk = await writingDesk(store, { matches: 2 });
    const runId = await desk.start();
    expect(await runById(store, runId)).toMatchObject({
      kind: 'write',
      state: 'waiting',
      accountId: desk.member,
      counts: { queued: 2 },
      stopRequested: false,
    });
    expect(await claimsOfRun(store, runId)).toHaveLength(2);
    expect((await listRuns(store, desk.projectId)).map((run) => run.id)).toEqual([runId]);
    expect(await runById(store, 999)).toBeNull();
  });

  describe('taken back', () => {
    let desk: WritingDesk;
    let runId: number;
    beforeEach(async () => {
      desk = await writingDesk(store, { matches: 3 });
      runId = await desk.start();
      await writeStep(desk.deps);
      expect(await runState(store, runId)).toBe('done');
    });

    it('by the one who wrote it, and by an owner', async () => {
      const undoId = await startUndo(desk.deps, { runId, accountId: desk.member });
      expect(await runRow(store, undoId)).toMatchObject({
        kind: 'undo',
        undoes: runId,
        account_id: desk.member,
      });
      expect(await claimStates(store, desk.matches)).toEqual(['removing', 'removing', 'removing']);
      expect(await audits('undo started')).toEqual([`run ${undoId}`]);
    });

    it('by an owner under the own account', async () => {
      const undoId = await startUndo(desk.deps, { runId, accountId: desk.owner });
      expect((await runRow(store, undoId)).account_id).toBe(desk.owner);
    });

    it('by no other member, and not by the one who wrote it once banned', async () => {
      const other = await addMember(store, desk.projectId);
      await expect(startUndo(desk.deps, { runId, accountId: other })).rejects.toMatchObject({
        code: 'forbidden',
      });
      await store.db
        .updateTable('project_members')
        .set({ status: 'banned' })
        .where('account_id', '=', desk.member)
        .execute();
      await expect(startUndo(desk.deps, { runId, accountId: desk.member })).rejects.toMatchObject({
        code: 'forbidden',
      });
      expect(await claimStates(store, desk.matches)).toEqual(['written', 'written', 'written']);
    });

    it('for one claim alone', async () => {
      const [, second] = desk.matches;
      const claimId = (await claims(store)).get(second?.pageId ?? 0)?.id ?? 0;
      await startUndo(desk.deps, { runId, accountId: desk.member, claimId });
      expect(await claimStates(store, desk.matches)).toEqual(['written', 'removing', 'written']);
      await writeStep(desk.deps);
      expect(await claimStates(store, desk.matches)).toEqual(['written', 'removed', 'written']);
      expect(desk.matches.map(({ pageId }) => desk.wiki.persons(pageId).length)).toEqual([1, 0, 1]);
    });

    it('not for a claim of another run', async () => {
      const other = await writingDesk(store, { matches: 1 });
      await other.start();
      await writeStep(other.deps);
      const foreign = (await claims(store)).get(other.matches[0]?.pageId ?? 0)?.id ?? 0;
      await expect(
        startUndo(desk.deps, { runId, accountId: desk.member, claimId: foreign }),
      ).rejects.toMatchObject({ code: 'conflict' });
      expect(await claimStates(store, other.matches)).toEqual(['written']);
    });

    it('once: there is nothing to undo a second time, and an undo cannot be undone', async () => {
      const undoId = await startUndo(desk.deps, { runId, accountId: desk.member });
      await expect(startUndo(desk.deps, { runId, accountId: desk.member })).rejects.toMatchObject({
        code: 'conflict',
      });
      await writeStep(desk.deps);
      expect(await claimStates(store, desk.matches)).toEqual(['removed', 'removed', 'removed']);
      await expect(startUndo(desk.deps, { runId, accountId: desk.member })).rejects.toMatchObject({
        code: 'conflict',
      });
      await expect(startUndo(desk.deps, { runId: undoId, accountId: desk.member })).rejects.toMatchObject({
        code: 'not_found',
      });
      expect(await listRuns(store, desk.projectId)).toHaveLength(2);
    });
  });

  it('is stopped by any member, once, and by nobody else', async () => {
    const desk = await writingDesk(store);
    const runId = await desk.start();
    const stranger = await addAccount(store);
    await expect(requestStop(desk.deps, { runId, accountId: stranger })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect((await runRow(store, runId)).stop_requested_at).toBeNull();
    const other = await addMember(store, desk.projectId);
    await requestStop(desk.deps, { runId, accountId: other });
    const first = (await runRow(store, runId)).stop_requested_at;
    expect(first).toBe(desk.clock.now());
    desk.clock.advance(1000);
    await requestStop(desk.deps, { runId, accountId: desk.member });
    expect((await runRow(store, runId)).stop_requested_at).toBe(first);
    expect(await audits('stop requested')).toHaveLength(1);
    await expect(requestStop(desk.deps, { runId: 999, accountId: other })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('is not marked as stopping when it is over', async () => {
    const desk = await writingDesk(store);
    const runId = await desk.start();
    await writeStep(desk.deps);
    await requestStop(desk.deps, { runId, accountId: desk.member });
    expect((await runRow(store, runId)).stop_requested_at).toBeNull();
  });

  it('goes on after a pause when its account has signed in again, and is not blocked', async () => {
    const desk = await writingDesk(store);
    const runId = await desk.start();
    await store.db.updateTable('runs').set({ state: 'paused', reason: 'blocked' }).execute();
    const { member: id } = desk;
    expect(await resumeRunsOf(desk.deps, { id, blocked: true })).toBe(0);
    // Somebody else signs in: it goes on under its own account alone.
    const bystander = await addMember(store, desk.projectId);
    expect(await resumeRunsOf(desk.deps, { id: bystander, blocked: false })).toBe(0);
    expect(await writeStep(desk.deps)).toBe(false);
    expect(await resumeRunsOf(desk.deps, { id, blocked: false })).toBe(1);
    expect(await runRow(store, runId)).toMatchObject({ state: 'waiting', reason: null });
    await writeStep(desk.deps);
    expect(await runState(store, runId)).toBe('done');
    expect(await pagesToWrite(store, desk.projectId)).toEqual([]);
  });
});

describe.each(engines())('runs that are started at once on %s', (kind) => {
  let other: Store;
  beforeEach(async () => {
    fresh = await freshStore(kind);
    store = fresh.store;
    other = openStore(fresh.address, { connections: 8 });
  });
  afterEach(async () => {
    await other.close();
    await fresh.dispose();
  });

  const on = (deps: RunDeps, where: Store): RunDeps => ({ ...deps, store: where });

  it('make one run of a project, with each pair once', async () => {
    const desk = await writingDesk(store, { matches: 5 });
    const args = { projectId: desk.projectId, accountId: desk.member };
    const answers = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => startRun(on(desk.deps, i % 2 ? store : other), args)),
    );
    const started = answers.filter((answer) => answer.status === 'fulfilled');
    expect(started).toHaveLength(1);
    for (const answer of answers)
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'conflict' });
    expect(await listRuns(store, desk.projectId)).toHaveLength(1);
    const rows = await store.db.selectFrom('sdc_claims').select('page_id').execute();
    expect(rows.map((row) => row.page_id).sort()).toEqual(desk.matches.map((match) => match.pageId).sort());
  });

  it('share the pairs of two projects that want the same file, without an error', async () => {
    const desk = await writingDesk(store, { matches: 4 });
    const second = await addProject(store);
    const member = await addMember(store, second.id);
    for (const { fileId } of desk.matches) {
      await addToProject(store, second.id, fileId);
      await addMatch(store, second.id, { fileId });
    }
    const own = await addMatch(store, second.id);
    const [first, other_] = await Promise.all([
      startRun(desk.deps, { projectId: desk.projectId, accountId: desk.member }).catch(conflictOnly),
      startRun(on(desk.deps, other), { projectId: second.id, accountId: member }),
    ]);
    const rows = await store.db.selectFrom('sdc_claims').select(['page_id', 'run_id']).execute();
    expect(rows).toHaveLength(5);
    expect(new Set(rows.map((row) => row.page_id)).size).toBe(5);
    expect(rows.find((row) => row.page_id === own.pageId)?.run_id).toBe(other_);
    for (const row of rows) expect([first, other_]).toContain(row.run_id);
  });

  it('make one undo of a run', async () => {
    const desk = await writingDesk(store, { matches: 3 });
    const runId = await desk.start();
    await writeStep(desk.deps);
    const answers = await Promise.allSettled(
      Array.from({ length: 4 }, (_, i) =>
        startUndo(on(desk.deps, i % 2 ? store : other), {
          runId,
          accountId: i % 2 ? desk.member : desk.owner,
        }),
      ),
    );
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
    expect((await listRuns(store, desk.projectId)).filter((run) => run.kind === 'undo')).toHaveLength(1);
  });
});

function conflictOnly(error: unknown): null {
  expect(error).toMatchObject({ code: 'conflict' });
  return null;
}

async function audits(action: string): Promise<string[]> {
  const rows = await store.db
    .selectFrom('audit')
    .select('subject')
    .where('action', '=', action)
    .orderBy('id')
    .execute();
  return rows.map((row) => row.subject);
}
