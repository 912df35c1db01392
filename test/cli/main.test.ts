import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from './visavis.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'visavis-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const visavis = (args: string[], env: Record<string, string> = {}) => launch(folder, args, { env });

/** Each command is a process of its own. */
const PATIENCE = 180_000;
const oneLine = (text: string) => text.trim().split('\n').length === 1;

describe('the command line', () => {
  it(
    'explains itself',
    async () => {
      const { status, out } = await visavis(['--help']);
      expect(status).toBe(0);
      // Two at a time: each is a process of its own.
      const commands = [...out.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name ?? '');
      expect(commands).toEqual(
        expect.arrayContaining(['start', 'web', 'bots', 'worker', 'migrate', 'detect', 'doctor']),
      );
      const lane = async () => {
        for (let command = commands.shift(); command !== undefined; command = commands.shift()) {
          const help = await visavis([command, '--help']);
          expect(help, command).toMatchObject({ status: 0, err: '' });
          expect(help.out).toContain(`visavis ${/^(web|bots|worker)$/.test(command) ? 'start' : command}`);
        }
      };
      await Promise.all([lane(), lane()]);
    },
    PATIENCE,
  );

  it(
    'says what is wrong with the command, with exit code 2',
    async () => {
      expect(await visavis([])).toMatchObject({ status: 2 });
      const unknown = await visavis(['strat']);
      expect(unknown.status).toBe(2);
      expect(unknown.err).toContain('"strat"');
      expect((await visavis(['start', '--fast'])).err).toContain('"--fast"');
      for (const args of [
        ['strat'],
        ['detect', '--foo'],
        ['tokens'],
        ['models', 'x'],
        ['backup'],
        ['origins'],
      ]) {
        const { status, out, err } = await visavis(args);
        expect([status, out, oneLine(err)], args.join(' ')).toEqual([2, '', true]);
        expect(err).toContain('--help');
      }
    },
    PATIENCE,
  );

  it('says which version it is', async () => {
    expect(await visavis(['--version'])).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^visavis \d+\.\d+\.\d+\n$/),
    });
  });

  it('tells of a setting that is none, and goes on', async () => {
    const { status, out } = await visavis(['doctor'], { VISAVIS_ADMIN: 'Ada' });
    expect(out).toMatch(/note +configuration +VISAVIS_ADMIN is no setting/);
    expect(status).toBe(0);
  });

  it('makes no backup of a database that is not there, and none by the way', async () => {
    const missing = join(folder, 'missing.sqlite');
    const copy = join(folder, 'copy.sqlite');
    const { status, err } = await visavis(['backup', copy], { DATABASE_URL: missing });
    expect([status, oneLine(err)]).toEqual([1, true]);
    expect(err).toContain('missing.sqlite is not there');
    expect([existsSync(missing), existsSync(copy)]).toEqual([false, false]);
  });

  it.each([
    ['a database that is none', ['start'], { DATABASE_URL: 'nonsense' }, 'DATABASE_URL'],
    [
      'production without a key',
      ['start'],
      { VISAVIS_PUBLIC_URL: 'https://visavis.example.org' },
      'VISAVIS_TOKEN_KEY',
    ],
    [
      'a database that does not answer',
      ['migrate'],
      { DATABASE_URL: 'mysql://nobody:hush@127.0.0.1:9/none' },
      'ECONNREFUSED',
    ],
  ])('one clear line for %s, no stack', async (_what, args, env, word) => {
    const { status, err } = await visavis(args, env);
    expect(status).toBe(1);
    expect(err).toContain(word);
    expect(oneLine(err)).toBe(true);
    expect(err).not.toMatch(/\n\s+at /);
    expect(err).not.toContain('hush');
  });

  it('shows the stack when asked', async () => {
    const { status, err } = await visavis(['start', '--trace'], { DATABASE_URL: 'nonsense' });
    expect(status).toBe(1);
    expect(err).toMatch(/\n\s+at /);
  });

  it('brings a database up to date, twice without harm', async () => {
    const first = await visavis(['migrate']);
    expect(first).toMatchObject({ status: 0, err: '' });
    expect(first.out).toContain('done: 0001_the_whole_way');
    const second = await visavis(['migrate']);
    expect(second.out).not.toContain('done:');
    expect(second.status).toBe(0);
  });

  it('lets the doctor tell what is missing', async () => {
    const practice = await visavis(['doctor']);
    expect(practice.status).toBe(0);
    expect(practice.out).toContain('practice');
    expect(practice.out).toContain('REDIS_URL is not set');
    const broken = await visavis(['doctor'], { PORT: 'x' });
    expect(broken.status).toBe(1);
    expect(broken.out).toContain('PORT');
  });

  it('makes a key that the configuration takes', async () => {
    const { out } = await visavis(['doctor', '--new-key']);
    expect((await visavis(['doctor'], { VISAVIS_TOKEN_KEY: out.trim() })).status).toBe(0);
  });
});

describe('a port that is taken', () => {
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    port = address !== null && typeof address === 'object' ? address.port : 0;
  });
  afterAll(() => new Promise((resolve) => taken.close(resolve)));

  it('is named in one line, and nothing is left running', async () => {
    // A wiki on this machine, so that no models or photos are needed before the port is.
    const { status, err } = await visavis(['web'], {
      PORT: String(port),
      VISAVIS_OAUTH_URL: 'http://localhost:9/w/rest.php/oauth2',
      VISAVIS_OAUTH_CLIENT_ID: 'client',
      VISAVIS_COMMONS_API: 'http://localhost:9/w/api.php',
      VISAVIS_WIKIDATA_API: 'http://localhost:9/w/api.php',
      VISAVIS_PICTURE_HOSTS: 'localhost:9',
    });
    expect(status).toBe(1);
    expect(err.toLowerCase()).toContain(`port ${port} is taken`);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

describe('the settings file', () => {
  it('is read from the product’s folder only', async () => {
    writeFileSync(join(folder, '.env'), 'PORT=nonsense\n');
    expect((await visavis(['doctor'])).status).toBe(0);
    rmSync(join(folder, '.env'));
  });
});
