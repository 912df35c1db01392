import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, test } from 'vitest';
import { takeAway } from '../support/loopback-only.ts';

test.each([
  ['a socket', () => connect({ host: '192.0.2.1', port: 80 })],
  ['a socket by port and host', () => connect(80, 'discord.com')],
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
