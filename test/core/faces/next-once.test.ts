import { describe, expect, it } from 'vitest';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addMember } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';
import { askingDesk } from './next-support.ts';

describe.each(engines())('what is not asked, or not again, on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('lets the other faces of a file wait while one of them is asked about', async () => {
    const { project, next, ask, suggest, verdict, setState } = await askingDesk(store);
    const file = await addFile(store, project);
    const hers = await addFace(store, file, { x: 0.1 });
    const beside = await addFace(store, file, { x: 0.5 });
    await suggest(hers, 0.2);
    await ask();
    expect(await next()).toBeNull();
    await setState('decided');
    await verdict(hers, 'no_match');
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [beside] });
  });

  it('does not ask the same twice, open or withdrawn', async () => {
    const { next, ask, portrait, setState } = await askingDesk(store);
    await portrait();
    await ask();
    expect(await next()).toBeNull();
    await setState('withdrawn');
    expect(await next()).toBeNull();
  });

  it('asks again what was decided and is open again without a question', async () => {
    const { next, ask, portrait, setState } = await askingDesk(store);
    const faceId = await portrait();
    await ask();
    await setState('decided');
    expect(await next()).toMatchObject({ faceIds: [faceId] });
  });

  it('does not ask about what is decided or disputed', async () => {
    const { next, ask, portrait, verdict } = await askingDesk(store);
    await verdict(await portrait(), 'match');
    await verdict(await portrait(), 'no_match');
    await verdict(await portrait(), 'disputed');
    const open = await portrait();
    await verdict(open, 'open');
    expect(await next()).toMatchObject({ faceIds: [open] });
    await ask();
    expect(await next()).toBeNull();
  });

  it('does not ask whether somebody known is somebody else, nor for a second face in a file', async () => {
    const { project, next, ask, verdict } = await askingDesk(store, ['Q1', 'Q2']);
    const file = await addFile(store, project);
    const [known, beside] = [await addFace(store, file), await addFace(store, file)];
    await verdict(known, 'match', 'Q1');
    expect(await next()).toMatchObject({ kind: 'single', person: 'Q2', faceIds: [beside] });
    await ask();
    expect(await next()).toBeNull();
  });

  it('asks about one person after the other, and after a yes about nobody else', async () => {
    const { ask, portrait, verdict, questions, asked, setState } = await askingDesk(store, ['Q1', 'Q2']);
    const [one, two] = [await portrait(), await portrait()];
    const persons = async () => (await questions()).map((row) => row.person);
    await ask();
    await ask();
    expect(await ask()).toBe(false);
    expect(await persons()).toEqual(['Q1', 'Q1']);
    await setState('decided');
    await verdict(one, 'no_match');
    await verdict(two, 'match');
    expect(await ask()).toBe(true);
    expect(await ask()).toBe(false);
    expect(await persons()).toEqual(['Q1', 'Q1', 'Q2']);
    expect(await asked()).toEqual([one, two, one]);
  });

  it('leaves a face in dispute to the owners, whoever else it might be', async () => {
    const { next, portrait, verdict } = await askingDesk(store, ['Q1', 'Q2']);
    await verdict(await portrait(), 'disputed');
    expect(await next()).toBeNull();
  });

  it('does not ask again for a second face in a file, unless people said so of both', async () => {
    const { project, next, ask, questions, setState } = await askingDesk(store);
    const file = await addFile(store, project);
    const [face, mirror] = [await addFace(store, file, { x: 0.1 }), await addFace(store, file, { x: 0.4 })];
    await addFace(store, file, { x: 0.7 });
    await ask();
    const question = (await questions())[0];
    const member = await addMember(store, project);
    await castBallot(
      { store, clock: fakeClock(), nudges: notedNudges() },
      {
        projectId: project,
        accountId: member,
        answers: [face, mirror].map((faceId) => ({ faceId, person: 'Q1', answer: 'yes' })),
        questionId: question?.id ?? null,
        platform: 'room',
      },
    );
    await setState('decided');
    expect(await next()).toBeNull();
    const matches = await store.db
      .selectFrom('verdicts')
      .select('face_id')
      .where('project_id', '=', project)
      .where('verdict', '=', 'match')
      .execute();
    expect(matches.map((row) => row.face_id).toSorted((a, b) => a - b)).toEqual([face, mirror]);
  });
});
