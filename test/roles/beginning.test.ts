import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { dataDir, preparedPhotos } from '../detect/prepared.ts';
import { startRole } from './processes.ts';

it('a process that still begins listens to SIGTERM, as the first one of a container has to', async () => {
  await preparedPhotos();
  const folder = mkdtempSync(join(tmpdir(), 'visavis-beginning-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(dataDir, 'models'), join(folder, 'models'));
  // A database that takes the connection and says nothing.
  const sockets: Socket[] = [];
  const database = createServer((socket) => sockets.push(socket.on('error', () => {})));
  database.listen(0, '127.0.0.1');
  await once(database, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    database.close();
  });
  const { port } = database.address() as AddressInfo;
  const worker = startRole('worker', {
    VISAVIS_DATA_DIR: folder,
    DATABASE_URL: `mysql://visavis:secret@127.0.0.1:${port}/visavis`,
  });
  await once(database, 'connection');
  const asked = performance.now();
  expect(await worker.end('SIGTERM'), worker.words()).toBe(143);
  expect(performance.now() - asked).toBeLessThan(5_000);
});
