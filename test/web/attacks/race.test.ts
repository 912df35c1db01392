import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { roleOf } from '../../../src/core/projects/members.ts';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { engines } from '../../support/stores.ts';
import { Browser } from '../support/browser.ts';
import { type Site, startSite } from '../support/site.ts';
import { type Gate, gateTo } from './gate.ts';
import { buildWorld, type Kind, type World } from './world.ts';

/** How a member gets out: by an owner's hand, or by the own one in another browser. */
const WAYS_OUT = {
  removed: { by: 'owner', path: (id: number, member: number) => `/projects/${id}/members/${member}/remove` },
  banned: { by: 'owner', path: (id: number, member: number) => `/projects/${id}/members/${member}/ban` },
  left: { by: 'member', path: (id: number) => `/projects/${id}/leave` },
} as const;
type WayOut = keyof typeof WAYS_OUT;

const WAYS_TO_VOTE = ['on the face', 'on the review page'] as const;

describe.each(engines())('a member goes while a vote is on its way (%s)', (kind) => {
  let world: World;
  /** Two processes on one database: one takes votes, the other one lets owners work. */
  let votes: Process;
  let owners: Process;

  beforeEach(async () => {
    world = await buildWorld(kind);
    votes = await startProcess();
    owners = await startProcess();
  });
  afterEach(async () => {
    await votes.close();
    await owners.close();
    await world.dispose();
  });

  interface Process {
    readonly gate: Gate;
    as(kind: Kind): Browser;
    close(): Promise<void>;
  }

  async function startProcess(): Promise<Process> {
    const store: Store = openStore(world.address, { connections: 4 });
    const gate = gateTo(store);
    const site: Site = await startSite(gate.store);
    return {
      gate,
      as(who) {
        const browser = new Browser(site.url);
        for (const [name, value] of world.browsers[who].cookies) browser.cookies.set(name, value);
        return browser;
      },
      async close() {
        await site.close();
        await store.close();
      },
    };
  }

  async function vote(way: (typeof WAYS_TO_VOTE)[number]): Promise<() => Promise<number>> {
    const { project, face, person } = world.ours;
    const browser = votes.as('member');
    const csrf = await browser.csrf();
    const [path, fields] =
      way === 'on the face'
        ? [`/faces/${face}/answer`, { project: String(project) }]
        : [`/projects/${project}/review`, { faces: String(face) }];
    return async () => (await browser.post(path, { ...fields, csrf, person, answer: 'yes' })).status;
  }

  async function goOut(way: WayOut): Promise<() => Promise<number>> {
    const { by, path } = WAYS_OUT[way];
    const browser = owners.as(by);
    const csrf = await browser.csrf();
    return async () => (await browser.post(path(world.ours.project, world.accounts.member), { csrf })).status;
  }

  const votesCast = async () =>
    (
      await world.store.db
        .selectFrom('votes')
        .select('id')
        .where('account_id', '=', world.accounts.member)
        .where('face_id', '=', world.ours.face)
        .execute()
    ).length;
  const role = () => roleOf(world.store, world.ours.project, world.accounts.member);

  /** The next transaction of a process has begun, and cannot go on as long as another one is open. */
  async function waitsForTheOther(asked: Promise<void>): Promise<void> {
    await asked;
    if (kind === 'sqlite') return;
    // The server looks anew only where nobody has looked for a tenth of a second.
    await vi.waitFor(
      async () => {
        const { rows } = await sql<{ n: number }>`
          select count(*) as n from information_schema.innodb_trx as waiting
          join information_schema.processlist as open on open.id = waiting.trx_mysql_thread_id
          where waiting.trx_state = 'LOCK WAIT' and open.db = database()
        `.execute(world.store.db);
        expect(Number(rows[0]?.n)).toBe(1);
      },
      { interval: 150, timeout: 30_000 },
    );
  }

  describe.each(WAYS_TO_VOTE)('voting %s', (way) => {
    test.each(Object.keys(WAYS_OUT) as WayOut[])('%s before the transaction of the vote', async (wayOut) => {
      const [cast, go] = [await vote(way), await goOut(wayOut)];
      const held = votes.gate.hold('before');
      const answer = cast();
      await held.reached;
      expect(await go()).toBe(303);
      held.release();
      expect([await answer, await votesCast(), await role()]).toEqual([403, 0, null]);
    });

    test.each(Object.keys(WAYS_OUT) as WayOut[])(
      '%s, but not committed when the vote comes',
      async (wayOut) => {
        const [cast, go] = [await vote(way), await goOut(wayOut)];
        const held = owners.gate.hold('end');
        const gone = go();
        await held.reached;
        const waits = waitsForTheOther(votes.gate.asked());
        const answer = cast();
        await waits;
        expect(await votesCast()).toBe(0);
        held.release();
        expect([await gone, await answer, await votesCast(), await role()]).toEqual([303, 403, 0, null]);
      },
    );

    test.each(Object.keys(WAYS_OUT) as WayOut[])(
      '%s when the vote is cast, but not committed',
      async (wayOut) => {
        const [cast, go] = [await vote(way), await goOut(wayOut)];
        const held = votes.gate.hold('end');
        const answer = cast();
        await held.reached;
        const waits = waitsForTheOther(owners.gate.asked());
        const gone = go();
        await waits;
        // Whoever takes the member out waits for the vote, which came before.
        expect([await votesCast(), await role()]).toEqual([0, 'member']);
        held.release();
        expect([await answer, await gone, await votesCast(), await role()]).toEqual([303, 303, 1, null]);
      },
    );
  });
});
