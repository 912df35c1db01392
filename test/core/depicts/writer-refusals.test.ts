import { beforeEach, describe, expect, it } from 'vitest';
import { resumeRunsOf } from '../../../src/core/depicts/resume.ts';
import { startRun } from '../../../src/core/depicts/runs.ts';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { refusal } from '../../support/fake-wiki.ts';
import { engines, useStore } from '../../support/stores.ts';
import { claimStates, claims, pagesToWrite, runRow, runState, writingDesk } from './support.ts';
import { endRuns } from './writer-support.ts';

describe.each(engines())('writing what is refused, on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });
  beforeEach(() => endRuns(store));

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
    await resumeRunsOf(deps, { id: member, blocked: false });
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

  it('fails a run whose account was forgotten, so that others can write', async () => {
    const { deps, wiki, matches, member, owner, projectId, start } = await writingDesk(store);
    const runId = await start();
    await store.db.deleteFrom('account_profiles').where('account_id', '=', member).execute();
    await writeStep(deps);
    expect(await runState(store, runId)).toBe('failed');
    expect(wiki.edits).toEqual([]);
    expect(await claimStates(store, matches)).toEqual([null, null, null]);
    await startRun(deps, { projectId, accountId: owner });
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
  });
});
