import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inviteLink } from '../../../src/bots/discord/invite.ts';

test('the invitation asks for exactly the documented rights, and the README has the same link', async () => {
  const link = inviteLink('APPLICATION_ID');
  expect(link).toBe(
    'https://discord.com/oauth2/authorize?client_id=APPLICATION_ID&scope=bot+applications.commands&permissions=309237771328',
  );
  expect(await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8')).toContain(link);
});
