import { afterEach, expect, it } from 'vitest';
import { requestStop } from '../../src/core/depicts/runs.ts';
import { expectSame, type FaultDesk, faultDesk } from './support.ts';
import { hookAt } from './work.ts';

/** The whole number takes a while; `npm test` does a part of it unless told otherwise (CONTRIBUTING.md). */
const CLAIMS = process.env.VISAVIS_LONG_TESTS ? 1_000 : 200;

let desk: FaultDesk;
afterEach(() => desk.dispose());

it(`writes ${CLAIMS} claims with as few requests as can be, stops at once, and takes all back`, async () => {
  desk = await faultDesk({ files: CLAIMS });
  const { pocket, store, deps, accountId } = desk;
  const run = await desk.start();
  const stopAt = CLAIMS / 2;
  const unsafeTestHook = hookAt('settled', stopAt, () => requestStop(deps, { runId: run, accountId }));
  await desk.work(desk.worker('worker one', { unsafeTestHook }));
  expect(await desk.run(run)).toMatchObject({ state: 'stopped' });
  const beforeStop = pocket.requests.count('wbsetclaim');
  expect(beforeStop - stopAt).toBeLessThan(5);
  await expectSame(store, pocket);

  const rest = await desk.write();
  expect(await desk.run(rest)).toMatchObject({ state: 'done' });
  const writes = pocket.requests.count('wbsetclaim');
  expect(writes).toBe(CLAIMS);
  // The token, the look at the item of each run, and a batch that the stop cut short.
  expect(pocket.requests.count() - writes).toBeLessThanOrEqual(CLAIMS / 50 + 5);
  expect(pocket.requests.maxConcurrency).toBeLessThanOrEqual(3);
  // Nobody is asked without knowing by whom.
  expect(new Set(pocket.requests.entries.map((one) => one.userAgent.split('/')[0]))).toEqual(
    new Set(['Visavis']),
  );
  await expectSame(store, pocket);

  pocket.requests.clear();
  await desk.undo(run);
  await desk.undo(rest);
  expect(pocket.requests.count('wbremoveclaims')).toBe(CLAIMS);
  // A look before each fifty, so that nothing is removed that somebody made say something else.
  expect(pocket.requests.count() - CLAIMS).toBeLessThanOrEqual(CLAIMS / 50 + 5);
  expect(new Set(await desk.states())).toEqual(new Set(['removed']));
  for (const page of desk.pages) expect(pocket.hands.statements(page)).toEqual([]);
  await expectSame(store, pocket);
}, 300_000);
