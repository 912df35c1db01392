import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Config, loadConfig } from '../src/config.ts';
import { createFernet } from '../src/core/accounts/fernet.ts';

const KEY = Buffer.alloc(32, 7).toString('base64url');
const SECRET = 's'.repeat(40);
const PRODUCTION = {
  VISAVIS_PUBLIC_URL: 'https://visavis.example.org',
  VISAVIS_TOKEN_KEY: KEY,
  VISAVIS_SECRET: SECRET,
  VISAVIS_OAUTH_CLIENT_ID: 'client',
  VISAVIS_CONTACT: 'ops@example.org',
};
const LOCAL_WIKI = {
  VISAVIS_OAUTH_URL: 'http://localhost:9000/w/rest.php/oauth2',
  VISAVIS_OAUTH_CLIENT_ID: 'client',
  VISAVIS_COMMONS_API: 'http://localhost:9000/w/api.php',
  VISAVIS_WIKIDATA_API: 'http://localhost:9000/w/api.php',
  VISAVIS_PICTURE_HOSTS: 'localhost:9000',
};

const load = (env: Record<string, string>): Config => loadConfig(env, '/srv/visavis');

function refusal(env: Record<string, string>): string {
  try {
    load(env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'configuration' });
    const { message } = error as Error;
    expect(message).not.toContain('\n');
    return message;
  }
  throw new Error('it was accepted');
}

describe('configuration', () => {
  it('is practice mode when nothing is set', () => {
    expect(load({})).toMatchObject({
      production: false,
      wiki: null,
      port: 8080,
      publicUrl: 'http://localhost:8080',
      dataDir: '/srv/visavis/data',
      database: { kind: 'sqlite', path: '/srv/visavis/data/visavis.sqlite' },
      editsPerMinute: null,
      pocketWikiPort: 8081,
    });
  });

  it('takes empty variables as not set', () => {
    expect(load({ DATABASE_URL: '', PORT: ' ', VISAVIS_TOKEN_KEY: '' })).toMatchObject({
      port: 8080,
      tokenKeys: null,
    });
  });

  it('cannot be changed afterwards', () => {
    const config = load({});
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
  });

  it.each([
    ['a real wiki', { VISAVIS_COMMONS_API: 'https://commons.wikimedia.org/w/api.php' }],
    ['a Discord token', { VISAVIS_DISCORD_TOKEN: 'x' }],
    [
      'a Matrix token',
      { VISAVIS_MATRIX_TOKEN: 'x', VISAVIS_MATRIX_HOMESERVER: 'https://matrix.example.org' },
    ],
    ['a public address', { VISAVIS_PUBLIC_URL: 'https://visavis.example.org' }],
  ])('%s makes it production, which names everything that is missing', (_what, env) => {
    const message = refusal(env);
    for (const name of [
      'VISAVIS_TOKEN_KEY',
      'VISAVIS_SECRET',
      'VISAVIS_OAUTH_CLIENT_ID',
      'VISAVIS_CONTACT',
    ]) {
      expect(message).toContain(name);
    }
  });

  it.each(Object.keys(PRODUCTION))('production without %s is refused by that name', (name) => {
    const env: Record<string, string> = { ...PRODUCTION, VISAVIS_DISCORD_TOKEN: 'x' };
    delete env[name];
    expect(refusal(env)).toContain(name);
  });

  it('uses Wikimedia’s own wikis in production, at six edits a minute', () => {
    expect(load(PRODUCTION)).toMatchObject({
      production: true,
      editsPerMinute: 6,
      wiki: {
        oauthUrl: 'https://meta.wikimedia.org/w/rest.php/oauth2',
        commonsApi: 'https://commons.wikimedia.org/w/api.php',
        wikidataApi: 'https://www.wikidata.org/w/api.php',
        pictureHosts: ['upload.wikimedia.org', 'thumb.wikimedia.org'],
        clientSecret: null,
        depictsProperty: 'P180',
      },
    });
  });

  it('takes a wiki on this machine, whole', () => {
    expect(load(LOCAL_WIKI)).toMatchObject({
      production: false,
      wiki: { commonsApi: 'http://localhost:9000/w/api.php' },
    });
  });

  it.each(Object.keys(LOCAL_WIKI))('refuses half a wiki on this machine: without %s', (name) => {
    const env: Record<string, string> = { ...LOCAL_WIKI };
    delete env[name];
    expect(refusal(env)).toContain(name);
  });

  it.each([
    ['DATABASE_URL', 'nonsense'],
    ['DATABASE_URL', 'postgres://x/y'],
    ['DATABASE_URL', 'mysql://host-without-database'],
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['PORT', '0'],
    ['REDIS_URL', 'localhost'],
    ['VISAVIS_PUBLIC_URL', 'visavis.example.org'],
    ['VISAVIS_TOKEN_KEY', 'too-short-secret-value'],
    ['VISAVIS_SECRET', 'short-secret-value'],
    ['VISAVIS_DEPICTS_PROPERTY', 'depicts'],
    ['VISAVIS_TRUSTED_PROXIES', '-1'],
    ['VISAVIS_METRICS_TOKEN', 'short-value'],
    ['VISAVIS_ORIGINS_TOKEN', 'short-value-of-twenty'],
    ['VISAVIS_HEALTH_PORT', '70000'],
    ['VISAVIS_COMMONS_API', 'ftp://x/y'],
    ['VISAVIS_LOG', 'loud'],
    ['VISAVIS_DISCORD_API', 'http://localhost:1'],
    ['VISAVIS_DISCORD_APPLICATION_ID', 'visavis'],
    ['VISAVIS_MATRIX_HOMESERVER', 'http://localhost:1'],
  ])('names %s when it is %j, and does not show a value', (name, value) => {
    const message = refusal({ [name]: value });
    expect(message).toContain(name);
    if (value.includes('secret')) expect(message).not.toContain(value);
  });

  it.each([
    ['VISAVIS_DISCORD_API', 'http://discord.example.org/api'],
    ['VISAVIS_DISCORD_API', 'http://127.example.org'],
    ['VISAVIS_MATRIX_HOMESERVER', 'http://matrix.example.org'],
    ['VISAVIS_MATRIX_HOMESERVER', 'http://localhost.example.org:8008'],
    ['VISAVIS_MATRIX_HOMESERVER', 'http://10.0.0.7'],
  ])('%s would send its token in clear to %s', (name, value) => {
    const message = refusal({ ...PRODUCTION, [name]: value });
    expect(message).toMatch(new RegExp(`^${name} is plain http`));
    expect(message).not.toContain(value);
  });

  it.each(['https://chat.example.org', 'http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1'])(
    'sends tokens of the chats to %s',
    (address) => {
      const config = load({
        ...PRODUCTION,
        VISAVIS_DISCORD_TOKEN: 'x',
        VISAVIS_DISCORD_API: address,
        VISAVIS_MATRIX_TOKEN: 'x',
        VISAVIS_MATRIX_HOMESERVER: address,
      });
      expect([config.discord?.api, config.matrix?.homeserver]).toEqual([address, address]);
    },
  );

  it('knows the application of a Discord bot by its token, unless it is named', () => {
    const application = (env: Record<string, string>) =>
      load({ ...PRODUCTION, ...env }).discord?.applicationId;
    const token = `${Buffer.from('1573888779750581085').toString('base64url')}.GxYz.not-a-secret`;
    expect(application({ VISAVIS_DISCORD_TOKEN: token })).toBe('1573888779750581085');
    expect(application({ VISAVIS_DISCORD_TOKEN: 'something.else' })).toBeNull();
    const named = { VISAVIS_DISCORD_TOKEN: token, VISAVIS_DISCORD_APPLICATION_ID: '1600000000000000000' };
    expect(application(named)).toBe('1600000000000000000');
  });

  it('takes exactly the keys for tokens that can be used', () => {
    const make = (key: string) => createFernet([key], { now: () => 0 }, randomBytes);
    for (const key of [KEY, `${KEY}=`]) {
      expect(load({ VISAVIS_TOKEN_KEY: key })).toMatchObject({ tokenKeys: [key] });
      expect(() => make(key)).not.toThrow();
    }
    // The same 32 bytes with other bits behind them; two signs of padding; the other alphabet of base64.
    for (const key of [`${KEY.slice(0, -1)}d`, `${KEY}==`, `${'/'.repeat(43)}=`]) {
      expect(refusal({ VISAVIS_TOKEN_KEY: key })).toContain('VISAVIS_TOKEN_KEY');
      expect(() => make(key)).toThrow('VISAVIS_TOKEN_KEY');
    }
  });

  it('reports all mistakes at once', () => {
    const message = refusal({ PORT: 'x', REDIS_URL: 'y' });
    expect(message).toContain('PORT');
    expect(message).toContain('REDIS_URL');
  });

  it('reads lists, several keys, and paths against the product’s folder', () => {
    expect(
      load({
        ...PRODUCTION,
        VISAVIS_TOKEN_KEY: `${KEY}, ${KEY}`,
        VISAVIS_ADMINS: 'Anna, Bo ,',
        VISAVIS_DATA_DIR: 'var',
        DATABASE_URL: 'sqlite:db/x.sqlite',
        VISAVIS_PUBLIC_URL: 'https://visavis.example.org/',
      }),
    ).toMatchObject({
      tokenKeys: [KEY, KEY],
      admins: ['Anna', 'Bo'],
      dataDir: '/srv/visavis/var',
      database: { kind: 'sqlite', path: '/srv/visavis/db/x.sqlite' },
      publicUrl: 'https://visavis.example.org',
    });
  });

  it('takes the database that Toolforge gives a tool, unless another one is named', () => {
    const toolforge = { ...PRODUCTION, TOOL_TOOLSDB_USER: 's1234', TOOL_TOOLSDB_PASSWORD: 'p/w:d@1' };
    const url = (env: Record<string, string>) => {
      const { database } = load(env);
      return database.kind === 'mariadb' ? database.url : database.path;
    };
    expect(url(toolforge)).toBe('mysql://s1234:p%2Fw%3Ad%401@tools.db.svc.wikimedia.cloud/s1234__visavis');
    expect(url({ ...toolforge, VISAVIS_TOOLSDB: 'faces' })).toMatch(/s1234__faces$/);
    expect(url({ ...toolforge, DATABASE_URL: 'mysql://a:b@db/visavis' })).toBe('mysql://a:b@db/visavis');
    expect(refusal({ ...toolforge, VISAVIS_TOOLSDB: 'a; drop' })).toContain('VISAVIS_TOOLSDB');
  });

  it('listens on this machine alone unless another address is given', () => {
    expect(load({}).host).toBe('127.0.0.1');
    expect(load({ VISAVIS_HOST: '0.0.0.0' }).host).toBe('0.0.0.0');
    expect(refusal({ VISAVIS_HOST: 'everywhere' })).toContain('VISAVIS_HOST');
  });
});
