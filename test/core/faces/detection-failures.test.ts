import { describe, expect, it } from 'vitest';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { reasonOf } from '../../../src/core/platform/reasons.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { wikiError } from '../../../src/core/wiki/wiki-error.ts';
import { addProject } from '../../support/people.ts';
import { engines, useStore } from '../../support/stores.ts';
import { detected, detectionDesk, MINUTE } from './detection-support.ts';

describe.each(engines())('a detection that fails, on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it.each(['not_a_picture', 'broken_picture', 'picture_too_large', 'file_unreadable', 'too_large'] as const)(
    'sets a file with the final error %s aside, with the reason',
    async (code) => {
      const { clock, world, step, waiting, fileRow, facesOf } = await detectionDesk(store);
      const { id } = await addProject(store);
      const [bad, good] = [await waiting(id, { thumb_url: 'bad' }), await waiting(id, { thumb_url: 'good' })];
      world.download = (url) => {
        if (url === 'bad') throw new VisavisError(code, `This file has ${code}.`);
        return Buffer.from(url);
      };
      await step();
      expect(await fileRow(bad)).toMatchObject({
        state: 'set_aside',
        reason: expect.stringContaining(`This file has ${code}.`),
        lease_owner: null,
      });
      expect(await facesOf(bad)).toEqual([]);
      expect(await fileRow(good)).toMatchObject({ state: 'detected' });
      clock.advance(24 * 60 * MINUTE);
      expect(await step()).toBe(false);
    },
  );

  it.each([
    ['the wiki', wikiError('the wiki has trouble', { kind: 'later', codes: [], statement: 'not_sent' })],
    ['the detector', new VisavisError('detector_unavailable', 'the detector is restarting')],
    ['the models', new VisavisError('model_unavailable', 'no models')],
    ['something unknown', new TypeError('cannot read properties')],
  ])('tries again later when %s fails, and never takes it for no faces', async (_, error) => {
    const { clock, world, step, waiting, fileRow, facesOf, changeOf } = await detectionDesk(store);
    const { id } = await addProject(store);
    const file = await waiting(id);
    world.detect = () => {
      throw error;
    };
    const pauses: number[] = [];
    for (let i = 0; i < 12; i++) {
      expect(await step()).toBe(true);
      const row = await fileRow(file);
      expect(row).toMatchObject({
        state: 'waiting',
        reason: reasonOf(error),
        detected_at: null,
        attempts: i + 1,
      });
      const pause = (row.retry_at ?? 0) - clock.now();
      pauses.push(pause);
      clock.advance(pause - 1);
      expect(await step()).toBe(false);
      clock.advance(1);
    }
    expect(pauses.slice(0, 5)).toEqual([1, 2, 4, 8, 16].map((minutes) => minutes * MINUTE));
    expect(pauses.at(-1)).toBe(6 * 60 * MINUTE);
    expect(await changeOf(id)).toBe(1);
    world.detect = () => detected(0.5);
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'detected', reason: null });
    expect(await facesOf(file)).toHaveLength(1);
  });

  it('claims nothing while the detector rests, so that no file loses an attempt', async () => {
    const { clock, world, step, waiting, fileRow } = await detectionDesk(store);
    const file = await waiting((await addProject(store)).id);
    world.restsUntil = clock.now() + MINUTE;
    expect(await step()).toBe(false);
    expect(await fileRow(file)).toMatchObject({ state: 'waiting', attempts: 0, retry_at: null });
    clock.advance(MINUTE);
    expect(await step()).toBe(true);
    expect(await fileRow(file)).toMatchObject({ state: 'detected' });
  });

  it('waits at least as long as the wiki asks', async () => {
    const { clock, world, step, waiting, fileRow } = await detectionDesk(store);
    const file = await waiting((await addProject(store)).id);
    world.download = () => {
      throw wikiError('slow down', {
        kind: 'later',
        codes: ['HTTP_429'],
        statement: 'not_sent',
        retryAfterMs: 30 * MINUTE,
      });
    };
    await step();
    expect((await fileRow(file)).retry_at).toBe(clock.now() + 30 * MINUTE);
  });
});
