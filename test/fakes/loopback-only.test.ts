import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { takeAway } from '../support/away.ts';
import { guardChildren, takeAwayOfChildren } from '../support/loopback-only.ts';

test.each([
  ['a socket', () => connect({ host: '192.0.2.1', port: 80 })],
  ['a socket by port and host', () => connect(80, 'discord.com')],
  ['a name that looks like loopback', () => connect(80, '127.example.org')],
  ['TLS', () => connectTls({ host: 'gateway.discord.gg', port: 443 })],
])('%s to somewhere else is refused and noticed', async (_what, open) => {
  const socket = open();
  const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
  expect(error.message).toMatch(/^a test opened a connection to /);
  expect(takeAway()).toHaveLength(1);
});

test('fetch to somewhere else is refused and noticed', async () => {
  await expect(fetch('https://discord.com/api/v10/gateway')).rejects.toThrow('fetch failed');
  expect(takeAway()).toEqual(['discord.com']);
});

test('a child process is guarded too, and so are those that it starts', async () => {
  const visit = `await fetch('https://discord.com/').catch((error) => console.log(error.cause.message));`;
  const visitAgain = `
    const { spawnSync } = await import('node:child_process');
    ${visit}
    spawnSync(process.execPath, ['--input-type=module', '--eval', ${JSON.stringify(visit)}]);
  `;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', visitAgain],
    { env: { ...process.env, ...guardChildren() } },
  );
  expect([stdout.trim(), stderr]).toEqual(['a test opened a connection to discord.com', '']);
  expect(takeAwayOfChildren()).toEqual(['discord.com', 'discord.com']);
  expect(takeAwayOfChildren()).toEqual([]);
});
