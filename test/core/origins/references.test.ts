import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { declareOrigin, manifestOf, withdrawOrigin } from '../../../src/core/origins/manifest.ts';
import { addReference, referencesOf, removeReference } from '../../../src/core/origins/references.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addMember, addProject } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { world } from './world.ts';

const GALLERY = 'https://gallery.example.com/people/';

describe.each(engines())('what a project asks for on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let here: ReturnType<typeof world>;
  let projectId: number;
  let owner: number;
  let member: number;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    here = world(store);
  });
  afterAll(() => dispose());
  beforeEach(async () => {
    ({ id: projectId, owner } = await addProject(store));
    member = await addMember(store, projectId);
  });

  const declare = (given: { origin?: string; accountId?: number; who?: string; purpose?: string } = {}) =>
    declareOrigin(here.deps, {
      projectId,
      accountId: owner,
      origin: GALLERY,
      who: 'The parliament',
      purpose: 'Portraits of its members',
      ...given,
    });
  const add = (given: Partial<Parameters<typeof addReference>[1]> = {}) =>
    addReference(here.deps, {
      projectId,
      accountId: owner,
      person: 'Q1',
      kind: 'portrait',
      url: `${GALLERY}42.jpg?size=200`,
      title: 'Official portrait',
      ...given,
    });
  const shown = (sent: string[]) => referencesOf(store, { projectId, person: 'Q1', sent });

  it('is declared by its owners, with who asks and for what', async () => {
    expect(await declare({ origin: 'gallery.example.com/people' })).toBe(GALLERY);
    expect(await manifestOf(store, projectId)).toEqual([
      { origin: GALLERY, who: 'The parliament', purpose: 'Portraits of its members' },
    ]);
    await expect(declare()).rejects.toMatchObject({ code: 'conflict' });
    await expect(declare({ origin: 'http://x.com' })).rejects.toMatchObject({
      details: { refusal: 'insecure_scheme' },
    });
    await expect(declare({ who: ' ' })).rejects.toMatchObject({ code: 'bad_input' });
    await withdrawOrigin(here.deps, { projectId, accountId: owner, origin: GALLERY });
    expect(await manifestOf(store, projectId)).toEqual([]);
    await expect(
      withdrawOrigin(here.deps, { projectId, accountId: owner, origin: GALLERY }),
    ).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('is for owners alone', async () => {
    const no = { code: 'forbidden' };
    await expect(declare({ accountId: member })).rejects.toMatchObject(no);
    await declare();
    await expect(
      withdrawOrigin(here.deps, { projectId, accountId: member, origin: GALLERY }),
    ).rejects.toMatchObject(no);
    await expect(add({ accountId: member })).rejects.toMatchObject(no);
    const id = await add();
    await expect(removeReference(here.deps, { projectId, accountId: member, id })).rejects.toMatchObject(no);
    const { id: other, owner: otherOwner } = await addProject(store);
    await expect(
      removeReference(here.deps, { projectId: other, accountId: otherOwner, id }),
    ).rejects.toMatchObject({ code: 'not_found' });
    expect(await shown([])).toHaveLength(1);
  });

  it('holds references of its persons to declared origins alone', async () => {
    await expect(add()).rejects.toThrow('Declare https://gallery.example.com');
    await declare();
    await expect(add({ person: 'Q99' })).rejects.toMatchObject({ code: 'not_found' });
    for (const url of [
      'http://gallery.example.com/people/1.jpg',
      'https://user@gallery.example.com/people/1.jpg',
      'https://gallery.example.com/other/1.jpg',
      'https://gallery.example.com/people/../other.jpg',
      'javascript:alert(1)',
      'nonsense',
      `${GALLERY}${'x'.repeat(2_000)}`,
    ])
      await expect(add({ url })).rejects.toMatchObject({ code: 'bad_input' });
    await expect(add({ title: '' })).rejects.toMatchObject({ code: 'bad_input' });
    const id = await add();
    await removeReference(here.deps, { projectId, accountId: owner, id });
    expect(await shown([])).toEqual([]);
  });

  it('is loaded where the member allowed it, and nowhere else', async () => {
    await declare();
    await add();
    await add({ kind: 'page', url: `${GALLERY}42.json`, title: 'Biography' });
    expect(await shown([])).toMatchObject([
      { kind: 'portrait', origin: GALLERY, loads: false },
      { kind: 'page', origin: GALLERY, loads: false },
    ]);
    expect((await shown(['https://gallery.example.com'])).map((one) => one.loads)).toEqual([true, true]);
    expect((await shown([`${GALLERY}42.jpg`])).map((one) => one.loads)).toEqual([true, false]);
    expect((await shown(['https://example.com'])).map((one) => one.loads)).toEqual([false, false]);
    await withdrawOrigin(here.deps, { projectId, accountId: owner, origin: GALLERY });
    expect(await shown(['https://gallery.example.com'])).toMatchObject([
      { origin: null, loads: false },
      { origin: null, loads: false },
    ]);
  });
});
