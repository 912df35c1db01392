import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../../migrations/index.ts';
import { migrate } from '../../src/core/store/migrate.ts';
import { openStore } from '../../src/core/store/store.ts';
import cases from '../core/origins/origins.json' with { type: 'json' };
import { addAccount } from '../support/people.ts';
import { launch } from './visavis.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'visavis-origins-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function check(args: string[], input: string, env: Record<string, string> = {}) {
  const ended = await launch(folder, ['origins', ...args], { env, input });
  const json = ended.out.split('\n').filter((line) => line.startsWith('{'));
  return { ...ended, lines: json.map((line): Record<string, unknown> => JSON.parse(line)) };
}

describe('visavis origins check', () => {
  it('says of every case what the rules say', async () => {
    const input = cases.map((one) => `${JSON.stringify(one.input)}\n`).join('');
    const { status, lines, err } = await check(['check', '--json', '--deny', 'tracker-denied.com'], input, {
      VISAVIS_PUBLIC_URL: 'https://hub.example.org',
    });
    expect(err).toBe('');
    expect(status).toBe(1);
    expect(
      lines.map(({ input, ok, value, code }) => ({ input, ok, ...(ok ? { value } : { code }) })),
    ).toEqual(
      cases.map((one) =>
        one.expect === 'accept'
          ? { input: one.input, ok: true, value: one.value }
          : { input: one.input, ok: false, code: one.code },
      ),
    );
    for (const line of lines) expect(line.ok ? line.notes : line.hint).toBeTruthy();
  });

  it('reads plain lines as they are, and the last one without a line feed', async () => {
    const { status, lines } = await check(['check'], 'EXAMPLE.com\r\n\nexample.com/caf\u00e9\nexample.com');
    expect(status).toBe(1);
    expect(lines.map(({ input, code, value }) => [input, code ?? value])).toEqual([
      ['EXAMPLE.com\r', 'control_character'],
      ['', 'empty'],
      ['example.com/café', 'bad_path'],
      ['example.com', 'https://example.com'],
    ]);
    expect(lines[3]).toEqual({
      input: 'example.com',
      ok: true,
      value: 'https://example.com',
      notes: ['Read as https://, because nothing else was written.'],
    });
  });

  it('ends well when all are accepted, or none was given', async () => {
    expect((await check(['check', '--port', '8443'], 'https://example.com:8443\n')).status).toBe(0);
    expect(await check(['check'], '')).toMatchObject({ status: 0, lines: [], err: '' });
  });

  it("asks the site's own lists", async () => {
    const path = join(folder, 'site.sqlite');
    const store = openStore({ kind: 'sqlite', path });
    const env = { DATABASE_URL: path };
    expect((await check(['check', '--site'], 'a.denied.net\n', env)).err).toContain('visavis migrate');
    await migrate(store, migrations);
    const account = await addAccount(store);
    await store.db
      .insertInto('csp_denied')
      .values({ host: 'denied.net', reason: 'It tracks.', added_by: account, added_at: 0 })
      .execute();
    await store.close();
    const { lines } = await check(['check', '--site'], 'a.denied.net\nunpkg.com\n', env);
    expect(lines.map((line) => line.code)).toEqual(['denied_by_administrator', 'path_required']);
  });

  it('explains itself, and what it cannot read', async () => {
    expect((await check(['--help'], '')).out).toContain('visavis origins check');
    expect(await check(['look'], '')).toMatchObject({ status: 2 });
    expect((await check(['check', '--json'], 'example.com\n')).err).toContain('JSON string');
    expect((await check(['check', '--own', 'nonsense'], '')).err).toContain('nonsense');
  });
});
