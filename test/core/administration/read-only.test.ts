import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import { setReadOnly } from '../../../src/core/administration/switch.ts';
import { startRun } from '../../../src/core/depicts/runs.ts';
import { createReadOnly } from '../../../src/core/platform/read-only.ts';
import { blockPerson } from '../../../src/core/privacy/blocklist.ts';
import { deleteProject, setProjectState } from '../../../src/core/projects/states.ts';
import { agreementFigures } from '../../../src/core/review/agreement.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAdministrator } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { type ReviewWorld, reviewWorld } from '../review/support.ts';

describe.each(engines())('the read-only switch on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let world: ReviewWorld;
  let admin: number;
  beforeEach(async () => {
    ({ store, dispose } = await freshStore(kind));
    world = await reviewWorld(store, { votes_needed: 1 });
    admin = await addAdministrator(store);
  });
  afterEach(() => dispose());

  const turn = (on: boolean, accountId = admin, reason = '') =>
    setReadOnly(world.deps, { accountId, on, reason });
  const audits = async () =>
    (
      await store.db.selectFrom('audit').select(['action', 'account_id', 'detail']).orderBy('id').execute()
    ).map((row) => ({ ...row, detail: JSON.parse(row.detail) as unknown }));

  it('is turned by administrators alone, and both turns stand in the log', async () => {
    await expect(turn(true, world.owner)).rejects.toMatchObject({ code: 'forbidden' });
    await turn(true, admin, ' We move the database. ');
    // Twice is once.
    await turn(true);
    await turn(false);
    await turn(false);
    const as = 'administrator';
    expect(await audits()).toEqual([
      { action: 'read-only on', account_id: admin, detail: { reason: 'We move the database.', as } },
      { action: 'read-only off', account_id: admin, detail: { as } },
    ]);
    await expect(turn(true, admin, 'x'.repeat(501))).rejects.toMatchObject({ code: 'bad_input' });
  });

  it('while it is on nobody changes anything, owners and administrators neither; afterwards they do', async () => {
    const [face = 0] = await world.faces(1);
    const [member = 0] = await world.members(1);
    const project = { projectId: world.id, accountId: world.owner };
    const acts = [
      () => world.say(member, 'yes', face),
      () => world.say(admin, 'yes', face),
      () => setProjectState(world.deps, { ...project, state: 'paused' }),
      () => startRun(world.deps, project),
      () => deleteProject(world.deps, { ...project, accountId: admin }),
      () => blockPerson(world.deps, { accountId: admin, person: 'Q5', label: 'Q5', reason: 'asked' }),
      () => forgetAccount(world.deps, member),
    ];
    await turn(true);
    const before = await audits();
    for (const act of acts) await expect(act()).rejects.toMatchObject({ code: 'read_only', status: 503 });
    expect(await audits()).toEqual(before);
    expect(await store.db.selectFrom('votes').selectAll().execute()).toEqual([]);
    // Looking goes on.
    await agreementFigures(store, project);
    await turn(false);
    await world.say(member, 'yes', face);
    expect(await world.verdict(face)).toBe('match by votes');
    await setProjectState(world.deps, { ...project, state: 'paused' });
  });

  it('is seen by every process within a second, and asked for once a second', async () => {
    const { clock } = world;
    const [one, other] = [createReadOnly({ store, clock }), createReadOnly({ store, clock })];
    expect([await one.state(), await other.state()]).toEqual([null, null]);
    await turn(true, admin, 'Wait.');
    const at = clock.now();
    expect(await one.state()).toBeNull();
    clock.advance(1_000);
    const state = { since: at, reason: 'Wait.' };
    expect([await one.state(), await other.state()]).toEqual([state, state]);
    await turn(false);
    clock.advance(1_000);
    expect([await one.state(), await other.state()]).toEqual([null, null]);
  });

  it('a database that is away is asked again, and not believed for a second', async () => {
    const { clock } = world;
    let away = true;
    const broken = {
      get db() {
        if (away) throw new Error('away');
        return store.db;
      },
    } as unknown as Store;
    const readOnly = createReadOnly({ store: broken, clock });
    await expect(readOnly.state()).rejects.toThrow('away');
    away = false;
    expect(await readOnly.state()).toBeNull();
  });
});
