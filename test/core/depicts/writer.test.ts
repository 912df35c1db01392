import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { requestStop, resumeRun, startUndo } from '../../../src/core/depicts/runs.ts';
import { editSummary } from '../../../src/core/depicts/summary.ts';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import { firstBrokenAuditRow } from '../../../src/core/platform/audit.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { takeLease } from '../../../src/core/store/leases.ts';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { refusal } from '../../support/fake-wiki.ts';
import { engines, freshStore } from '../../support/stores.ts';
import {
  asWorker,
  claimStates,
  claims,
  type Match,
  pagesToWrite,
  runRow,
  runState,
  type WritingDesk,
  writingDesk,
} from './support.ts';

const THEIRS = 'somebody else had recorded this person already';

describe.each(engines())('writing on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;
  beforeAll(async () => {
    const fresh = await freshStore(kind);
    store = fresh.store;
    other = openStore(fresh.address, { connections: 8 });
    dispose = async () => {
      await other.close();
      await fresh.dispose();
    };
  });
  afterAll(() => dispose());
  // One database for all of them; whatever a test left under way is not the next one's.
  beforeEach(async () => {
    await store.db.updateTable('runs').set({ state: 'stopped', retry_at: null }).execute();
  });

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
    const { username } = await profile(member);
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
    const entries = await auditOf(matches);
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

  it('knows its own statement again after a lost answer', async () => {
    const { deps, wiki, clock, matches, start } = await writingDesk(store);
    let lost = 0;
    wiki.onSaved = () => {
      if (++lost === 2) throw refusal('later', 'NETWORK', { statement: 'unknown' });
    };
    const runId = await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written', 'writing', 'queued']);
    expect(await runRow(store, runId)).toMatchObject({ state: 'waiting' });
    clock.advance(60_000);
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
    expect(wiki.edits).toHaveLength(3);
    expect(matches.map(({ pageId }) => wiki.persons(pageId))).toEqual([['Q1'], ['Q1'], ['Q1']]);
  });

  it('knows it again when the client repeats the request itself and hears of a duplicate', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 1 });
    const set = wiki.setStatement;
    wiki.setStatement = async (statement) => {
      await set(statement);
      return set(statement);
    };
    await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written']);
    expect(wiki.persons(matches[0]?.pageId ?? 0)).toEqual(['Q1']);
  });

  it('looks twice after a duplicate, because a read may come from a copy that is behind', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 1 });
    const set = wiki.setStatement;
    wiki.setStatement = async (statement) => {
      await set(statement);
      const read = wiki.readStatements;
      wiki.readStatements = async (pageIds) => {
        wiki.readStatements = read;
        return new Map(pageIds.map((id) => [id, { exists: false, statements: [], revision: null }]));
      };
      return set(statement);
    };
    await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written']);
  });

  it('sees that a file refused the repetition of what it had taken', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 1 });
    wiki.onSaved = () => {
      throw refusal('this_file', 'protectedpage', { statement: 'unknown' });
    };
    await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written']);
  });

  it('fails a protected file alone, and goes on', async () => {
    const { deps, wiki, matches, projectId, start } = await writingDesk(store);
    const [, second] = matches;
    if (!second) throw new Error('no match');
    wiki.onRequest = (pageId) => {
      if (pageId === second.pageId) throw refusal('this_file', 'protectedpage');
    };
    const runId = await start();
    await writeStep(deps);
    expect(await runState(store, runId)).toBe('done');
    expect(await claimStates(store, matches)).toEqual(['written', 'failed', 'written']);
    expect((await claims(store)).get(second.pageId)?.reason).toContain('protectedpage');
    expect(await pagesToWrite(store, projectId)).toEqual([second.pageId]);
  });

  it('pauses when the account is blocked, keeps the claims, and goes on when it is told to', async () => {
    const { deps, wiki, clock, matches, member, start } = await writingDesk(store);
    const [, second] = matches;
    wiki.onRequest = (pageId) => {
      if (pageId === second?.pageId) throw refusal('this_account', 'blocked');
    };
    const runId = await start();
    await writeStep(deps);
    expect(await runRow(store, runId)).toMatchObject({ state: 'paused' });
    expect((await runRow(store, runId)).reason).toContain('blocked');
    expect(await claimStates(store, matches)).toEqual(['written', 'writing', 'queued']);
    clock.advance(24 * 60 * 60_000);
    expect(await writeStep(deps)).toBe(false);
    wiki.onRequest = () => {};
    await resumeRun(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
    expect(wiki.edits).toHaveLength(3);
  });

  it.each(['sign_in_refused', 'not_signed_in'] as const)('pauses on %s too', async (code) => {
    const { deps, matches, start } = await writingDesk(store, { matches: 1 });
    const broken = {
      ...deps,
      wikiAccount: ({ username }: { username: string }) => ({
        name: username,
        accessToken: () => Promise.reject(new VisavisError(code, 'Sign in again.')),
        refresh: () => Promise.reject(new VisavisError(code, 'Sign in again.')),
      }),
    };
    const runId = await start();
    await writeStep(broken);
    expect(await runRow(store, runId)).toMatchObject({ state: 'paused', reason: 'Sign in again.' });
    expect(await claimStates(store, matches)).toEqual(['writing']);
  });

  it('ends a run that is stopped while it is paused', async () => {
    const { deps, wiki, matches, member, projectId, start } = await writingDesk(store);
    wiki.onRequest = () => {
      throw refusal('this_account', 'blocked');
    };
    const runId = await start();
    await writeStep(deps);
    expect(await runState(store, runId)).toBe('paused');
    await requestStop(deps, { runId, accountId: member });
    expect(await writeStep(deps)).toBe(true);
    expect(await runState(store, runId)).toBe('stopped');
    expect(await claimStates(store, matches)).toEqual(['failed', null, null]);
    expect(await pagesToWrite(store, projectId)).toHaveLength(3);
    wiki.onRequest = () => {};
    await start();
  });

  it('waits when the wiki asks for it, and then goes on', async () => {
    const { deps, wiki, clock, matches, start } = await writingDesk(store);
    wiki.onRequest = () => {
      throw refusal('later', 'maxlag', { retryAfterMs: 120_000 });
    };
    const runId = await start();
    await writeStep(deps);
    const until = clock.now() + 120_000;
    expect(await runRow(store, runId)).toMatchObject({ state: 'waiting', retry_at: until });
    wiki.onRequest = () => {};
    clock.advance(119_999);
    expect(await writeStep(deps)).toBe(false);
    expect(wiki.edits).toEqual([]);
    clock.advance(1);
    expect(await writeStep(deps)).toBe(true);
    expect(await runRow(store, runId)).toMatchObject({ state: 'done', reason: null, retry_at: null });
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
  });

  it('waits half a minute at least, and when the wiki cannot be read', async () => {
    const { deps, wiki, clock, matches, start } = await writingDesk(store, { matches: 1 });
    wiki.onRead = () => {
      throw refusal('later', 'NETWORK', { statement: 'not_sent' });
    };
    const runId = await start();
    await writeStep(deps);
    expect(await runRow(store, runId)).toMatchObject({ state: 'waiting', retry_at: clock.now() + 30_000 });
    expect(await claimStates(store, matches)).toEqual(['queued']);
  });

  it('ends a run that is stopped while it waits, without asking the wiki', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store);
    wiki.onRead = () => {
      throw refusal('later', 'NETWORK', { statement: 'not_sent' });
    };
    const runId = await start();
    await writeStep(deps);
    await requestStop(deps, { runId, accountId: member });
    expect(await writeStep(deps)).toBe(true);
    expect(await runState(store, runId)).toBe('stopped');
    expect(await claimStates(store, matches)).toEqual([null, null, null]);
    expect(wiki.reads).toHaveLength(1);
  });

  it('ends a run with the words when we are at fault ourselves', async () => {
    const { deps, wiki, matches, projectId, start } = await writingDesk(store);
    wiki.onRequest = (pageId) => {
      if (pageId === matches[1]?.pageId) throw refusal('stop', 'UNEXPECTED_ANSWER', { statement: 'unknown' });
    };
    const runId = await start();
    await writeStep(deps);
    expect(await runState(store, runId)).toBe('failed');
    expect((await runRow(store, runId)).reason).toContain('UNEXPECTED_ANSWER');
    expect(await claimStates(store, matches)).toEqual(['written', 'failed', null]);
    expect(await pagesToWrite(store, projectId)).toHaveLength(2);
  });

  it('ends within five claims of a stop, and lets go of what it did not get to', async () => {
    const { deps, wiki, matches, member, projectId, start } = await writingDesk(store, { matches: 30 });
    const runId = await start();
    let after = 0;
    wiki.onSaved = async () => {
      if (wiki.edits.length === 10) await requestStop(deps, { runId, accountId: member });
      else if (wiki.edits.length > 10) after++;
    };
    await writeStep(deps);
    expect(after).toBeLessThan(5);
    expect(await runState(store, runId)).toBe('stopped');
    const written = wiki.edits.map((edit) => edit.pageId);
    const ledger = await claims(store);
    for (const { pageId } of matches) {
      expect(ledger.get(pageId)?.state).toBe(written.includes(pageId) ? 'written' : undefined);
    }
    expect(await pagesToWrite(store, projectId)).toHaveLength(30 - written.length);
  });

  it('keeps statements whose undo was stopped, and takes them back another time', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store, { matches: 4 });
    const runId = await start();
    await writeStep(deps);
    const undoId = await startUndo(deps, { runId, accountId: member });
    wiki.onSaved = () => requestStop(deps, { runId: undoId, accountId: member });
    await writeStep(deps);
    wiki.onSaved = () => {};
    expect(await runState(store, undoId)).toBe('stopped');
    const states = await claimStates(store, matches);
    expect(states[0]).toBe('removed');
    expect(states.at(-1)).toBe('written');
    for (const [i, { pageId }] of matches.entries())
      expect(wiki.persons(pageId)).toEqual(states[i] === 'written' ? ['Q1'] : []);
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(Array(4).fill('removed'));
    expect(matches.flatMap(({ pageId }) => wiki.persons(pageId))).toEqual([]);
  });

  it('takes back our statements alone, and counts those that are gone as taken back', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store);
    const [first, second] = matches;
    if (!first || !second) throw new Error('no match');
    const runId = await start();
    await writeStep(deps);
    // Somebody took ours out and recorded the person anew; and somebody added a statement beside ours.
    await wiki.removeStatement({
      statementId: (await claims(store)).get(first.pageId)?.statement_id ?? '',
      summary: '',
      account: { name: 'Somebody', accessToken: async () => '', refresh: async () => '' },
    });
    wiki.record(first.pageId, 'Q1');
    wiki.record(second.pageId, 'Q1');
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['removed', 'removed', 'removed']);
    expect(matches.map(({ pageId }) => wiki.persons(pageId).length)).toEqual([1, 1, 0]);
    expect((await claims(store)).get(first.pageId)?.reason).toContain('not there any more');
  });

  it('leaves a statement ours that a protected file keeps', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store);
    const runId = await start();
    await writeStep(deps);
    wiki.onRequest = (pageId) => {
      if (pageId === matches[1]?.pageId) throw refusal('this_file', 'protectedpage');
    };
    const undoId = await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await runState(store, undoId)).toBe('done');
    expect(await claimStates(store, matches)).toEqual(['removed', 'written', 'removed']);
    wiki.onRequest = () => {};
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['removed', 'removed', 'removed']);
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

  it('gives the rest back when the worker is told to end', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store);
    const ending = new AbortController();
    wiki.onSaved = () => ending.abort();
    const runId = await start();
    await writeStep(deps, ending.signal);
    expect(await runState(store, runId)).toBe('waiting');
    expect(wiki.edits).toHaveLength(1);
    wiki.onSaved = () => {};
    await writeStep(asWorker(deps, 'worker two'));
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
    expect(wiki.edits).toHaveLength(3);
  });

  it('writes once when a worker dies between the edit and its own note of it', async () => {
    const { deps, wiki, clock, matches, start } = await writingDesk(store);
    const dying = dyingAfter(store);
    wiki.onSaved = () => {
      if (wiki.edits.length === 2) dying.die();
    };
    const runId = await start();
    await expect(writeStep({ ...deps, store: dying.store })).rejects.toThrow('killed');
    expect(await claimStates(store, matches)).toEqual(['written', 'writing', 'queued']);
    expect(await runState(store, runId)).toBe('working');
    const second = asWorker({ ...deps, store: other }, 'worker two');
    expect(await writeStep(second)).toBe(false);
    clock.advance(3 * 60_000);
    expect(await writeStep(second)).toBe(true);
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
    expect(wiki.edits).toHaveLength(3);
    expect(matches.map(({ pageId }) => wiki.persons(pageId))).toEqual([['Q1'], ['Q1'], ['Q1']]);
    expect(await runState(store, runId)).toBe('done');
  });

  it('knows that the edit of a dead worker stands when the run is stopped, so that it can be taken back', async () => {
    const { deps, wiki, clock, matches, member, start } = await writingDesk(store);
    const dying = dyingAfter(store);
    wiki.onSaved = () => dying.die();
    const runId = await start();
    await expect(writeStep({ ...deps, store: dying.store })).rejects.toThrow('killed');
    wiki.onSaved = () => {};
    await requestStop(deps, { runId, accountId: member });
    clock.advance(3 * 60_000);
    await writeStep(asWorker(deps, 'worker two'));
    expect(await runState(store, runId)).toBe('stopped');
    expect(await claimStates(store, matches)).toEqual(['written', null, null]);
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(wiki.persons(matches[0]?.pageId ?? 0)).toEqual([]);
  });

  it('stops writing when its lease is lost, and leaves the rest to the one who has it', async () => {
    const { deps, wiki, clock, matches, start } = await writingDesk(store);
    const runId = await start();
    const second = asWorker({ ...deps, store: other }, 'worker two');
    wiki.onSaved = async () => {
      wiki.onSaved = () => {};
      // The first worker's request hangs so long that another one takes over and does all the work.
      clock.advance(4 * 60_000);
      expect(await writeStep(second)).toBe(true);
    };
    await writeStep(deps);
    expect(wiki.edits).toHaveLength(3);
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
    expect(await runState(store, runId)).toBe('done');
    const entries = await auditOf(matches);
    expect(entries.filter((entry) => entry.action === 'statement written')).toHaveLength(3);
  });

  it('keeps its run for as long as it works on it', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 6, editsPerMinute: 1 });
    const second = asWorker({ ...deps, store: other }, 'worker two');
    const others: boolean[] = [];
    wiki.onSaved = async () => void others.push(await writeStep(second));
    await start();
    await writeStep(deps);
    expect(others).toEqual(Array(6).fill(false));
    expect(await claimStates(store, matches)).toEqual(Array(6).fill('written'));
  });

  it('leaves a run alone that another worker ended between the look and the lease', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store);
    wiki.onRequest = () => {
      throw refusal('this_account', 'blocked');
    };
    const runId = await start();
    const late = before(store, async () => {
      await writeStep(asWorker(deps, 'worker two'));
      wiki.onRequest = () => {};
    });
    expect(await writeStep({ ...deps, store: late })).toBe(false);
    expect(wiki.edits).toEqual([]);
    expect(await runState(store, runId)).toBe('paused');
    expect(await claimStates(store, matches)).toEqual(['writing', 'queued', 'queued']);
    expect((await runRow(store, runId)).reason).toContain('blocked');
  });

  it('does each claim once with two workers on one run', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 12 });
    const runId = await start();
    const worked = await Promise.all([
      writeStep(deps),
      writeStep(asWorker({ ...deps, store: other }, 'worker two')),
      writeStep(asWorker(deps, 'worker three')),
    ]);
    expect(worked.filter(Boolean)).toHaveLength(1);
    expect(wiki.edits.map((edit) => edit.pageId)).toEqual(matches.map((match) => match.pageId));
    expect(await runState(store, runId)).toBe('done');
  });

  it('takes the next run when the first one is held', async () => {
    const one = await writingDesk(store, { matches: 1 });
    const two = await writingDesk(store, { matches: 1 });
    const [first, second] = [await one.start(), await two.start()];
    await takeLease(store, { name: `run ${first}`, owner: 'x', now: one.clock.now(), ttl: 1000 });
    expect(await writeStep(two.deps)).toBe(true);
    expect(await runState(store, first)).toBe('waiting');
    expect(await runState(store, second)).toBe('done');
  });

  it('fails a run whose account was forgotten, so that others can write', async () => {
    const { deps, wiki, matches, member, owner, projectId, start } = await writingDesk(store);
    const runId = await start();
    await store.db.deleteFrom('account_profiles').where('account_id', '=', member).execute();
    await writeStep(deps);
    expect(await runState(store, runId)).toBe('failed');
    expect(wiki.edits).toEqual([]);
    expect(await claimStates(store, matches)).toEqual([null, null, null]);
    expect(await pagesToWrite(store, projectId)).toHaveLength(3);
    expect(owner).not.toBe(member);
  });

  async function profile(accountId: number) {
    return store.db
      .selectFrom('account_profiles')
      .selectAll()
      .where('account_id', '=', accountId)
      .executeTakeFirstOrThrow();
  }

  async function auditOf(matches: WritingDesk['matches']) {
    const subjects = matches.map((match: Match) => `M${match.pageId} Q1`);
    return store.db.selectFrom('audit').selectAll().where('subject', 'in', subjects).orderBy('id').execute();
  }
});

/** A store whose process is killed: from then on nothing of it reaches the database. */
function dyingAfter(store: Store): { store: Store; die(): void } {
  let dead = false;
  const killed = () => Promise.reject(new Error('killed'));
  return {
    die: () => {
      dead = true;
    },
    store: {
      ...store,
      get db() {
        if (dead) throw new Error('killed');
        return store.db;
      },
      transaction: (work) => (dead ? killed() : store.transaction(work)),
    },
  };
}

/** Something happens just before the first transaction. */
function before(store: Store, happens: () => Promise<unknown>): Store {
  let done = false;
  return {
    ...store,
    async transaction(work) {
      if (!done) {
        done = true;
        await happens();
      }
      return store.transaction(work);
    },
  };
}
