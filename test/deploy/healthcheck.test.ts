import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { guardChildren } from '../support/loopback-only.ts';

const program = join(import.meta.dirname, '../../deploy/healthcheck.mjs');
let server: Server;
let port: string;
let free: string;
let status = 200;
beforeAll(async () => {
  server = createServer((request, response) =>
    response.writeHead(request.url === '/live' ? status : 404).end('{}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = String((server.address() as AddressInfo).port);
  free = String(await freePort());
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** The exit code, as whoever restarts containers sees it. */
function check(args: string[], env: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env: { ...guardChildren(), ...env } }, (error) =>
      resolve(error ? Number(error.code) : 0),
    );
  });
}

it('is well when the web site lives, or the process that has another port for it', async () => {
  expect(await check([], { PORT: port })).toBe(0);
  expect(await check([], { PORT: free, VISAVIS_HEALTH_PORT: port })).toBe(0);
  expect(await check([port], { PORT: free })).toBe(0);
});

it('is ill when nothing answers, or it says so', async () => {
  expect(await check([], { PORT: free })).toBe(1);
  expect(await check([free], { PORT: port })).toBe(1);
  status = 503;
  expect(await check([], { PORT: port })).toBe(1);
});
