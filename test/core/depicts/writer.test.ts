import { beforeEach, describe, expect, it } from 'vitest';
import { startUndo } from '../../../src/core/depicts/runs.ts';
import { editSummary } from '../../../src/core/depicts/summary.ts';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import { firstBrokenAuditRow } from '../../../src/core/platform/audit.ts';
import { reason } from '../../../src/core/platform/reasons.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { refusal } from '../../support/fake-wiki.ts';
import { engines, useStore } from '../../support/stores.ts';
import { claimStates, claims, runRow, writingDesk } from './support.ts';
import { auditOf, endRuns } from './writer-support.ts';

const THEIRS = reason('theirs');

describe.each(engines())('writing on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });
  beforeEach(() => endRuns(store));

  it('adds each statement once, under our id, in the name of the one who asked', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store);
    const runId = await start();
    expect(await writeStep(deps)).toBe(true);
    expect(await runRow(store, runId)).toMatchObject({
      state: 'done',
      reason: null,
      finished_at: deps.clock.now(),
    });
    expect(wiki.edits.map((edit) => edit.pageId)).toEqual(matches.map((match) => match.pageId));
    const ledger = await claims(store);
    const { username } = await store.db
      .selectFrom('account_profiles')
      .select('username')
      .where('account_id', '=', member)
      .executeTakeFirstOrThrow();
    for (const edit of wiki.edits) {
      expect(edit.as).toBe(username);
      expect(ledger.get(edit.pageId)).toMatchObject({ state: 'written', statement_id: edit.statementId });
      expect(ledger.get(edit.pageId)?.revision).toBeGreaterThan(1000);
      expect(wiki.persons(edit.pageId)).toEqual(['Q1']);
    }
    expect(await writeStep(deps)).toBe(false);
    expect(wiki.edits).toHaveLength(3);
  });

  it('carries the group of the run in summaries of at most 500 characters', async () => {
    const { deps, wiki, member, start } = await writingDesk(store);
    const runId = await start();
    await writeStep(deps);
    const undoId = await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    const groups = [(await runRow(store, runId)).edit_group, (await runRow(store, undoId)).edit_group];
    expect(groups[0]).not.toBe(groups[1]);
    for (const { kind: what, summary } of wiki.edits) {
      const group = what === 'add' ? groups[0] : groups[1];
      expect(summary.endsWith(`([[:toolforge:editgroups-commons/b/CB/${group}|details]])`)).toBe(true);
      expect(summary).toContain('[[d:Special:EntityPage/Q1|Q1]]');
      // The wiki puts its own words in front.
      expect(summary.length).toBeLessThan(400);
    }
    expect(editSummary('write', `Q${'9'.repeat(18)}`, 'f'.repeat(32)).length).toBeLessThan(400);
  });

  it('has an audit entry for each edit', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store);
    const [, second] = matches;
    if (!second) throw new Error('no match');
    wiki.record(second.pageId, 'Q1');
    const runId = await start();
    await writeStep(deps);
    const undoId = await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    const entries = await auditOf(store, matches);
    expect(entries.map((entry) => `${entry.action} by ${entry.account_id}`)).toEqual([
      `statement written by ${member}`,
      `statement present by ${member}`,
      `statement written by ${member}`,
      `statement removed by ${member}`,
      `statement removed by ${member}`,
    ]);
    for (const edit of wiki.edits) {
      const run = edit.kind === 'add' ? runId : undoId;
      const entry = entries.find(
        ({ detail, subject }) => subject === `M${edit.pageId} Q1` && JSON.parse(detail).run === run,
      );
      expect(JSON.parse(entry?.detail ?? '{}')).toMatchObject({ statement: edit.statementId });
    }
    expect(await firstBrokenAuditRow(store)).toBeNull();
  });

  it('skips what is there, and never takes it back', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store);
    const [first] = matches;
    if (!first) throw new Error('no match');
    wiki.record(first.pageId, 'Q1');
    const runId = await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['present', 'written', 'written']);
    expect((await claims(store)).get(first.pageId)?.reason).toBe(THEIRS);
    expect(wiki.edits).toHaveLength(2);
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['present', 'removed', 'removed']);
    expect(matches.map(({ pageId }) => wiki.persons(pageId).length)).toEqual([1, 0, 0]);
  });

  it('adds the person beside other people', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 1 });
    const [match] = matches;
    if (!match) throw new Error('no match');
    wiki.record(match.pageId, 'Q2');
    await start();
    await writeStep(deps);
    expect(wiki.persons(match.pageId)).toEqual(['Q2', 'Q1']);
    expect(await claimStates(store, matches)).toEqual(['written']);
  });

  it('leaves alone what somebody else records between our look and our edit', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 1 });
    wiki.onRequest = (pageId) => {
      wiki.onRequest = () => {};
      wiki.record(pageId, 'Q1');
    };
    await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['present']);
    expect(wiki.persons(matches[0]?.pageId ?? 0)).toEqual(['Q1']);
    expect(wiki.edits).toEqual([]);
  });

  it('keeps to the pace, and pauses for nothing else', async () => {
    const { deps, wiki, clock, matches, start } = await writingDesk(store, { matches: 4, editsPerMinute: 6 });
    wiki.record(matches[1]?.pageId ?? 0, 'Q1');
    wiki.onRequest = (pageId) => {
      if (pageId === matches[2]?.pageId) throw refusal('this_file', 'protectedpage');
    };
    const times: number[] = [];
    wiki.onSaved = () => void times.push(clock.now());
    await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written', 'present', 'failed', 'written']);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(10_000);
    expect(clock.sleeps).toEqual([10_000, 10_000]);
  });

  it('does not pause without a pace', async () => {
    const { deps, clock, start } = await writingDesk(store);
    await start();
    await writeStep(deps);
    expect(clock.sleeps).toEqual([]);
  });
});
