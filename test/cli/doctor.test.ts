import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrations } from '../../migrations/index.ts';
import { createFernet } from '../../src/core/accounts/fernet.ts';
import { storeTokens } from '../../src/core/accounts/tokens.ts';
import { audit } from '../../src/core/platform/audit.ts';
import { systemClock } from '../../src/core/platform/clock.ts';
import { migrate } from '../../src/core/store/migrate.ts';
import { openStore } from '../../src/core/store/store.ts';
import { createPocketWiki, POCKET_ENDPOINTS, type PocketWiki } from '../../src/sandbox/wiki.ts';
import { type FakeDiscord, startFakeDiscord } from '../fakes/discord/discord.ts';
import { type Homeserver, startHomeserver } from '../fakes/homeserver/homeserver.ts';
import { addAccount } from '../support/people.ts';
import { emptyDatabase, engines, type TestDatabase } from '../support/stores.ts';
import { type Ran, visavis } from './visavis.ts';

const KEY = Buffer.alloc(32, 7).toString('base64url');
const SECRET = 'hush-hush-hush-hush-hush-hush-hush-hush';
const CLIENT_SECRET = 'client-secret-of-the-consumer';
const PUBLIC_URL = 'http://localhost:8080';

let folder: string;
let wiki: PocketWiki;
let discord: FakeDiscord;
let homeserver: Homeserver;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'visavis-doctor-'));
  wiki = await createPocketWiki({
    port: 0,
    host: '127.0.0.1',
    dataDir: ':memory:',
    photosDir: null,
    clients: [
      {
        id: 'confidential',
        secret: CLIENT_SECRET,
        name: 'Visavis',
        redirectUri: `${PUBLIC_URL}/oauth/callback`,
      },
      { id: 'elsewhere', secret: CLIENT_SECRET, name: 'Other', redirectUri: 'http://localhost:1/callback' },
    ],
    clock: systemClock,
  });
});
beforeEach(async () => {
  discord = await startFakeDiscord();
  homeserver = await startHomeserver(systemClock);
});
afterEach(async () => {
  expect(discord.unplanned).toEqual([]);
  expect(homeserver.unplanned).toEqual([]);
  await Promise.all([discord.stop(), homeserver.close()]);
});
afterAll(async () => {
  await wiki.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything configured, at stand-ins on this machine. */
function everything(database: TestDatabase): Record<string, string> {
  const { address } = database;
  const { oauthUrl, commonsApi, wikidataApi, pictureHosts } = POCKET_ENDPOINTS(wiki.url);
  const redis = inject('redis');
  return {
    DATABASE_URL: address.kind === 'mariadb' ? address.url : address.path,
    ...(redis ? { REDIS_URL: redis } : {}),
    VISAVIS_DATA_DIR: join(folder, 'data'),
    VISAVIS_PUBLIC_URL: PUBLIC_URL,
    VISAVIS_TOKEN_KEY: KEY,
    VISAVIS_SECRET: SECRET,
    VISAVIS_CONTACT: 'ops@example.org',
    VISAVIS_OAUTH_URL: oauthUrl,
    VISAVIS_OAUTH_CLIENT_ID: 'confidential',
    VISAVIS_OAUTH_CLIENT_SECRET: CLIENT_SECRET,
    VISAVIS_COMMONS_API: commonsApi,
    VISAVIS_WIKIDATA_API: wikidataApi,
    VISAVIS_PICTURE_HOSTS: pictureHosts.join(','),
    VISAVIS_DISCORD_TOKEN: discord.token,
    VISAVIS_DISCORD_API: discord.api,
    VISAVIS_MATRIX_HOMESERVER: homeserver.url,
    VISAVIS_MATRIX_TOKEN: homeserver.bot.token,
  };
}

/** The lines about one thing, as `MARK text`. */
function about({ out }: Ran, what: string): string[] {
  return out.split('\n').flatMap((line) => {
    const [, mark, name, text] = /^(ok|note|BAD) +(.{14}) {2}(.*)$/.exec(line) ?? [];
    return name?.trim() === what ? [`${mark} ${text}`] : [];
  });
}

/** Two entries, of which somebody changed the first. */
async function forgeTheLog({ address }: TestDatabase): Promise<void> {
  const store = openStore(address, { connections: 1 });
  for (const subject of ['one', 'two'])
    await store.transaction((trx) => audit(store, trx, { at: 1, accountId: null, action: 'test', subject }));
  await store.db.updateTable('audit').set({ subject: 'forged' }).where('subject', '=', 'one').execute();
  await store.close();
}

function expectNoSecret({ out, err }: Ran): void {
  for (const secret of [KEY, SECRET, CLIENT_SECRET, discord.token, homeserver.bot.token])
    expect(out + err).not.toContain(secret);
}

describe.each(engines())('the doctor, with everything configured on %s', (kind) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await emptyDatabase(kind);
    const store = openStore(database.address, { connections: 1 });
    await migrate(store, migrations);
    await store.close();
  });
  afterEach(() => database.drop());

  it('reaches all of it, and finds nothing bad', async () => {
    const said = await visavis(['doctor'], everything(database));
    expect(said.err).toBe('');
    expect(said.out).not.toContain('BAD');
    expect(said.status).toBe(0);
    const engine = kind === 'mariadb' ? /^ok MariaDB \d+\.\d+/ : /^ok SQLite \d+\.\d+/;
    expect(about(said, 'database')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(engine),
        'ok its tables are up to date',
        'ok may make, change and drop tables',
      ]),
    );
    if (kind === 'mariadb')
      expect(about(said, 'database')).toContainEqual(
        expect.stringMatching(/at most \d+ connections.*3 for each process/),
      );
    if (inject('redis'))
      expect(about(said, 'Redis')).toEqual([expect.stringMatching(/^ok .*wrote and read/)]);
    expect(about(said, 'wiki')).toEqual([expect.stringMatching(/^ok .*\(files and items\): .*MediaWiki/)]);
    expect(about(said, 'depicts')).toEqual(['ok P180 is a property for items']);
    expect(about(said, 'clock')).toEqual([expect.stringMatching(/^ok \d+ s apart/)]);
    expect(about(said, 'sign-in')).toEqual([
      `ok the wiki knows the consumer and its callback ${PUBLIC_URL}/oauth/callback`,
      'ok the wiki accepts the client id and secret (confidential)',
    ]);
    expect(about(said, 'rights')).toEqual([expect.stringMatching(/^note nobody is signed in/)]);
    expect(about(said, 'pictures')).toEqual([expect.stringMatching(/^ok .*answers$/)]);
    expect(about(said, 'Discord')).toEqual([
      `ok signed in as visavis (${discord.world.bot.id})`,
      'ok in about 1 servers',
      'ok the gateway answers, 1000 of 1000 sign-ins left today',
    ]);
    expect(about(said, 'Matrix')).toEqual([
      'ok signed in as @bot:localhost, in 0 rooms',
      'ok events can be followed',
    ]);
    expect(about(said, 'audit log')).toEqual(['ok its chain is whole']);
    expect(about(said, 'retention')).toEqual([expect.stringMatching(/^note has not run yet/)]);
    expect(about(said, 'detector layer').length).toBeGreaterThan(5);
    expectNoSecret(said);
  });

  it('names each thing that does not work, with what to do, and goes on', async () => {
    const env = everything(database);
    await forgeTheLog(database);
    discord.token = 'another-one-now';
    homeserver.revoke();
    const said = await visavis(['doctor'], {
      ...env,
      // Nothing listens on the port for discarding.
      REDIS_URL: 'redis://:pass-of-redis@127.0.0.1:9',
      VISAVIS_OAUTH_CLIENT_ID: 'elsewhere',
      VISAVIS_OAUTH_CLIENT_SECRET: 'not-the-secret-at-all',
      VISAVIS_COMMONS_API: `${wiki.url}/nothing-here.php`,
      VISAVIS_DEPICTS_PROPERTY: 'P99999',
      VISAVIS_PICTURE_HOSTS: '127.0.0.1:9',
    });
    expect(said.status).toBe(1);
    expect(about(said, 'Redis')).toEqual([expect.stringMatching(/^BAD 127\.0\.0\.1:9: nothing listens/)]);
    expect(about(said, 'wiki')[0]).toMatch(/^BAD .*\(files\).*api\.php/);
    expect(about(said, 'depicts')).toEqual([expect.stringMatching(/^BAD P99999.*VISAVIS_DEPICTS_PROPERTY/)]);
    expect(about(said, 'sign-in')).toEqual([
      expect.stringMatching(/^BAD .*\/oauth\/callback.*registered exactly so/),
      expect.stringMatching(/^BAD .*VISAVIS_OAUTH_CLIENT_SECRET/),
    ]);
    expect(about(said, 'pictures')).toEqual([expect.stringMatching(/^BAD 127\.0\.0\.1:9/)]);
    expect(about(said, 'Discord')).toEqual([expect.stringMatching(/^BAD the token is refused/)]);
    expect(about(said, 'Matrix')).toEqual([expect.stringMatching(/^BAD .*refuses the token/)]);
    expect(about(said, 'database')).toContain('ok its tables are up to date');
    expect(about(said, 'audit log')).toEqual([expect.stringMatching(/^BAD row 1 /)]);
    expectNoSecret(said);
    expect(said.out + said.err).not.toMatch(/pass-of-redis|not-the-secret-at-all/);
  });

  it('sees a clock that is wrong by the answers of a wiki', async () => {
    const general = { sitename: 'Elsewhere', generator: 'MediaWiki 1.45' };
    const slow = createServer((_request, response) => {
      response.setHeader('date', new Date(systemClock.now() - 3_600_000).toUTCString());
      response.end(JSON.stringify({ query: { general } }));
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const { port } = slow.address() as AddressInfo;
    const said = await visavis(['doctor'], {
      ...everything(database),
      VISAVIS_WIKIDATA_API: `http://127.0.0.1:${port}/w/api.php`,
    });
    await new Promise((resolve) => slow.close(resolve));
    expect(about(said, 'clock')).toEqual([
      expect.stringMatching(/^ok/),
      expect.stringMatching(/^BAD 3[56]\d\d s apart from that of 127/),
    ]);
  });

  it.each([
    ['may edit', ['basic', 'editpage'], /^ok people who sign in/],
    ['may not edit', ['basic'], /^BAD .*"Edit existing pages"/],
    ['is no token', null, /^note could not be asked for: mwoauth-invalid-authorization/],
  ] as const)('sees by a token that is good now that the consumer %s', async (_what, grants, said) => {
    const accessToken =
      grants === null
        ? 'no.such.token'
        : wiki.hands.issueTokens('Practice Chen', 'confidential', [...grants]).accessToken;
    const store = openStore(database.address, { connections: 1 });
    const fernet = createFernet([`${KEY}=`], systemClock, randomBytes);
    const account = await addAccount(store);
    const tokens = { accessToken, refreshToken: null, expiresAt: systemClock.now() + 3_600_000 };
    await store.transaction((trx) => storeTokens(trx, fernet, account, tokens));
    await store.close();
    const ran = await visavis(['doctor'], everything(database));
    expect(about(ran, 'rights')).toEqual([expect.stringMatching(said)]);
    expect(ran.out + ran.err).not.toContain(accessToken);
  });
});

describe.runIf(inject('mariadb'))('a database of MariaDB that is not there yet', () => {
  const server = inject('mariadb') ?? '';
  const name = `visavis_${randomBytes(6).toString('hex')}`;
  const user = `u${randomBytes(4).toString('hex')}`;
  const password = 'word-that-lets-in';
  const asRoot = async (statement: string) => {
    const connection = await createConnection(server);
    await connection.query(statement);
    await connection.end();
  };
  beforeAll(() => asRoot(`create user ${user} identified by '${password}'`));
  afterAll(async () => {
    await asRoot(`drop database if exists ${name}`);
    await asRoot(`drop user ${user}`);
  });

  it('is named by the doctor, and made by migrate as soon as the user may', async () => {
    const url = new URL(server);
    [url.username, url.password, url.pathname] = [user, password, name];
    const env = { DATABASE_URL: url.href, VISAVIS_DATA_DIR: join(folder, 'data') };
    const wrong = await visavis(['doctor'], { ...env, DATABASE_URL: url.href.replace(password, 'wrong') });
    expect(about(wrong, 'database')).toEqual([expect.stringMatching(/^BAD Access denied/)]);

    // As on a server where everybody makes the own databases: USER__NAME, say.
    await asRoot(`grant select on \`${name}\`.* to ${user}`);
    const missing = await visavis(['doctor'], env);
    expect(missing.status).toBe(1);
    expect(about(missing, 'database')).toEqual([expect.stringMatching(/^BAD .*"visavis migrate" makes it/)]);
    const refused = await visavis(['migrate'], env);
    expect(refused.status).toBe(1);
    expect(refused.err).toMatch(new RegExp(`create database \`${name}\``));

    await asRoot(`grant all privileges on \`${name}\`.* to ${user}`);
    const made = await visavis(['migrate'], env);
    expect(made).toMatchObject({ status: 0, err: '' });
    expect(made.out).toContain(`made the database ${name}`);
    expect(about(await visavis(['doctor'], env), 'database')).toContain('ok its tables are up to date');

    await asRoot(`revoke alter, index on \`${name}\`.* from ${user}`);
    const lacking = await visavis(['doctor'], env);
    expect(about(lacking, 'database')).toContainEqual(
      expect.stringMatching(/^BAD this user lacks ALTER, INDEX/),
    );
    for (const { out, err } of [wrong, missing, refused, made, lacking])
      expect(out + err).not.toContain(password);
  });
});
