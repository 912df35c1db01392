import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newFernetKey } from '../../src/core/accounts/fernet.ts';
import { systemClock } from '../../src/core/platform/clock.ts';
import { openStore } from '../../src/core/store/store.ts';
import { createPocketWiki, POCKET_ENDPOINTS, type PocketWiki } from '../../src/sandbox/wiki.ts';
import { encoding, type OldDatabase, oldDatabase } from '../support/wikivisage.ts';
import { visavis } from './visavis.ts';

describe.skipIf(!inject('mariadb'))('visavis import', () => {
  let folder: string;
  let pocket: PocketWiki;
  let old: OldDatabase;
  let pageId: number;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'visavis-import-'));
    pocket = await createPocketWiki({
      port: 0,
      host: '127.0.0.1',
      dataDir: ':memory:',
      photosDir: null,
      clients: [],
      clock: systemClock,
    });
    const file = await pocket.hands.addFile({ title: 'File:Portrait.jpg', category: 'Old portraits' });
    pageId = file.id;
    old = await oldDatabase();
    const user = await old.add('users', {
      wiki_user_id: 77,
      wiki_username: 'Somebody',
      access_token: 'plain',
      refresh_token: 'plain',
      token_expires_at: new Date(),
    });
    const project = await old.add('projects', {
      user_id: user,
      wikidata_qid: 'Q9001',
      commons_category: 'Old_portraits',
    });
    const later = new Date(Date.now() + 3_600_000);
    const image = await old.add('images', {
      project_id: project,
      commons_page_id: pageId,
      file_title: 'File:Portrait.jpg',
      status: 'processed',
      detection_width: 500,
      detection_height: 375,
      updated_at: later,
    });
    await old.add('faces', {
      image_id: image,
      encoding: encoding(1),
      bbox_left: 100,
      bbox_top: 100,
      bbox_right: 200,
      bbox_bottom: 200,
      is_target: 1,
      classified_by: 'human',
      classified_by_user_id: user,
      created_at: later,
    });
  });
  afterAll(async () => {
    await pocket.close();
    await old.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  function importing(args: string[], more: Record<string, string> = {}) {
    const { oauthUrl, commonsApi, wikidataApi, pictureHosts } = POCKET_ENDPOINTS(pocket.url);
    const env = {
      VISAVIS_DATA_DIR: folder,
      VISAVIS_OAUTH_URL: oauthUrl,
      VISAVIS_OAUTH_CLIENT_ID: 'client',
      VISAVIS_COMMONS_API: commonsApi,
      VISAVIS_WIKIDATA_API: wikidataApi,
      VISAVIS_PICTURE_HOSTS: pictureHosts.join(','),
      VISAVIS_SECRET: 'hush-hush-hush-hush-hush-hush-hush-hush',
      VISAVIS_TOKEN_KEY: newFernetKey(randomBytes),
      ...more,
    };
    return visavis(['import', ...args], env, { cwd: folder });
  }

  it('explains itself, and what is wrong with the command', async () => {
    const help = await importing(['--help']);
    expect(help).toMatchObject({ status: 0, err: '' });
    for (const word of ['wikivisage', '--dry-run', '--old-key', '--no-tokens'])
      expect(help.out).toContain(word);
    expect((await importing([])).status).toBe(2);
    expect((await importing(['wikivisage'])).err).toContain('mysql://');
    expect((await importing(['wikivisage', 'x', '--fast'])).err).toContain('--fast');
    const key = await importing(['wikivisage', old.url, '--old-key', 'hush']);
    expect(key.status).toBe(1);
    expect(key.err).toContain('--old-key');
    expect(key.err).not.toContain('hush');
  });

  it('wants the real thing', async () => {
    const { status, err } = await importing(['wikivisage', old.url], { VISAVIS_SECRET: '' });
    expect(status).toBe(1);
    expect(err).toContain('VISAVIS_SECRET');
  });

  it('takes over a database, once', async () => {
    const rehearsed = await importing(['wikivisage', old.url, '--dry-run']);
    expect(rehearsed).toMatchObject({ status: 0, err: expect.not.stringContaining('visavis:') });
    expect(rehearsed.out).toContain('nothing was changed');
    const first = await importing(['wikivisage', old.url]);
    expect(first.status).toBe(0);
    expect(first.out).toMatch(/1 {2}projects/);
    expect(first.out).toMatch(/1 {2}encodings/);
    expect(first.out).toMatch(/1 {2}labels/);
    const second = await importing(['wikivisage', old.url]);
    expect(second.out).toContain('everything that can be is here already');

    const store = openStore({ kind: 'sqlite', path: join(folder, 'visavis.sqlite') });
    const file = await store.db.selectFrom('files').selectAll().executeTakeFirstOrThrow();
    expect(file).toMatchObject({ page_id: pageId, title: 'File:Portrait.jpg', state: 'detected' });
    const verdict = await store.db.selectFrom('verdicts').selectAll().executeTakeFirstOrThrow();
    expect(verdict).toMatchObject({ person: 'Q9001', verdict: 'match', source: 'votes' });
    await store.close();
  });
});
