import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { systemClock } from '../../src/core/platform/clock.ts';
import { memoryNudges } from '../../src/core/platform/nudges.ts';
import { postMessage } from '../../src/core/room/messages.ts';
import { openStore, type Store } from '../../src/core/store/store.ts';
import { dataDir, preparedPhotos } from '../detect/prepared.ts';
import { freePort } from '../support/free-port.ts';
import { type OwnMariaDb, startMariaDb } from '../support/mariadb.ts';
import { until } from '../support/until.ts';
import { healthAt, type Running, startRole } from './processes.ts';

/** Two processes of bots by mistake, or on purpose: the second one stands by. */
describe.runIf(inject('mariadb'))('two processes of bots', () => {
  let database: OwnMariaDb;
  let folder: string;
  let store: Store;
  let ports: { web: number; wiki: number };
  const running: Running[] = [];

  beforeAll(async () => {
    await preparedPhotos();
    folder = mkdtempSync(join(tmpdir(), 'visavis-bots-'));
    for (const name of ['models', 'practice']) symlinkSync(join(dataDir, name), join(folder, name));
    database = await startMariaDb();
    ports = { web: await freePort(), wiki: await freePort() };
    store = openStore({ kind: 'mariadb', url: database.url }, { connections: 1 });
  }, 300_000);
  afterAll(async () => {
    await Promise.all(running.map((one) => one.end('SIGKILL')));
    await store?.close();
    await database?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const start = async (role: 'web' | 'bots') => {
    const one = startRole(role, {
      DATABASE_URL: database.url,
      VISAVIS_DATA_DIR: folder,
      PORT: String(ports.web),
      VISAVIS_POCKET_WIKI_PORT: String(ports.wiki),
      VISAVIS_LOG: 'warn',
    });
    running.push(one);
    await one.says(role === 'web' ? 'ready http' : 'ready (bots)');
    return one;
  };
  /** The process that is the bot in the room; null: none. */
  const holder = async () => {
    const lease = await store.db
      .selectFrom('leases')
      .select('owner')
      .where('name', '=', 'chat room')
      .executeTakeFirst();
    return running.find(({ pid }) => lease?.owner?.includes(` ${pid} `)) ?? null;
  };
  /** Somebody says a command; resolves when it is answered. @returns the number of answers to all so far */
  const ask = async () => {
    const before = await answers();
    const user = { id: 'u1', name: 'Ann' };
    const room = { store, clock: systemClock, nudges: memoryNudges() };
    await postMessage(room, { channel: 'practice', user, body: { text: '!visavis help' } });
    await until('the command is answered', async () => (await answers()) > before);
    return answers();
  };
  const answers = async () =>
    (await store.db.selectFrom('room_messages').select('id').where('only_for', '=', 'u1').execute()).length;

  it('answer once; the second one takes over when the first one dies, and all are told of', async () => {
    const web = await start('web');
    const [one, two] = [await start('bots'), await start('bots')];
    await until('one of them is the bot', async () => (await holder()) === one);
    expect(await ask()).toBe(1);
    const roles = async () =>
      (await store.db.selectFrom('workers').select('roles').orderBy('roles').execute()).map(
        (row) => row.roles,
      );
    expect(await roles()).toEqual(['bots', 'bots', 'web']);
    expect((await healthAt(ports.web)).parts).not.toHaveProperty('bots');

    // Without a word.
    expect(await one.end('SIGKILL')).toBe('SIGKILL');
    await until('the other one has taken over', async () => (await holder()) === two);
    expect(await ask()).toBe(2);

    // Whoever says goodbye is followed at once, and leaves no heartbeat.
    const three = await start('bots');
    expect(await two.end('SIGTERM')).toBe(0);
    await until('the third one is the bot', async () => (await holder()) === three);
    expect(await ask()).toBe(3);
    // The one that was killed is still there, as one that was not seen for long, for a day.
    expect(await roles()).toEqual(['bots', 'bots', 'web']);
    expect(await web.end('SIGTERM')).toBe(0);
  }, 600_000);
});
