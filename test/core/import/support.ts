import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { createFernet, newFernetKey } from '../../../src/core/accounts/fernet.ts';
import { openSource } from '../../../src/core/import/source.ts';
import { importWikiVisage } from '../../../src/core/import/wikivisage.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { DatabaseAddress } from '../../../src/core/store/store.ts';
import type { Item } from '../../../src/core/wiki/items.ts';
import { fakeWiki } from '../../support/fake-wiki.ts';
import { wikiFile } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { oldDatabase } from '../../support/wikivisage.ts';
import { fakeClock } from '../wiki/fakes.ts';
import { oldRows } from './old-rows.ts';

export const SECRET = 'a secret that is long enough for a test';

/** Everything that an import may change. */
const TABLES = [
  'accounts',
  'account_profiles',
  'account_tokens',
  'projects',
  'project_members',
  'project_persons',
  'files',
  'project_files',
  'faces',
  'embeddings',
  'votes',
  'verdicts',
  'runs',
  'sdc_claims',
  'import_ids',
  'audit',
] as const;

/** An old database and a store to take it over into, with the wiki that both speak of. */
export async function importDesk(kind: DatabaseAddress['kind']) {
  const clock = fakeClock();
  const newFernet = () => createFernet([newFernetKey(randomBytes)], clock, randomBytes);
  const [fernet, oldFernet] = [newFernet(), newFernet()];
  const old = await oldDatabase();
  onTestFinished(() => old.drop());
  const { store, dispose } = await freshStore(kind);
  onTestFinished(dispose);
  const statements = fakeWiki();
  const { asked, wiki } = wikiNow(statements);
  return {
    clock,
    store,
    fernet,
    newFernet,
    old,
    ...oldRows(old, oldFernet.encrypt, statements),
    wiki,
    /** How many files the wiki was asked for, each time. */
    asked,
    run: async (options: Parameters<typeof importWikiVisage>[2] = {}, withKey = true) => {
      const source = await openSource(old.url);
      const key = withKey ? oldFernet : null;
      try {
        const deps = { store, clock, wiki, log: silentLog, secret: SECRET, fernet, oldFernet: key };
        return await importWikiVisage(deps, source, options);
      } finally {
        await source.close();
      }
    },
    rows: {
      projects: () => store.db.selectFrom('projects').selectAll().orderBy('id').execute(),
      faces: (pageId: number) =>
        store.db
          .selectFrom('faces')
          .innerJoin('files', 'files.id', 'faces.file_id')
          .selectAll('faces')
          .where('page_id', '=', pageId)
          .orderBy('faces.id')
          .execute(),
      verdicts: () =>
        store.db
          .selectFrom('verdicts')
          .innerJoin('faces', 'faces.id', 'verdicts.face_id')
          .innerJoin('files', 'files.id', 'faces.file_id')
          .select(['files.page_id', 'verdicts.person', 'verdicts.verdict', 'verdicts.source'])
          .orderBy('files.page_id')
          .orderBy('faces.id')
          .orderBy('person')
          .execute(),
    },
    /** All of it, for comparing. */
    everything: async () => {
      const found: Record<string, unknown> = {};
      for (const table of TABLES) found[table] = await store.db.selectFrom(table).selectAll().execute();
      return found;
    },
  };
}

/** The wiki as it is now: 103 is gone, 107 is no picture, 110 has a new version; Q3 is Q33, and there is no Q404. */
function wikiNow(statements: ReturnType<typeof fakeWiki>) {
  const asked: number[] = [];
  const wiki = {
    filesByPageId: async (pageIds: readonly number[]) => {
      asked.push(pageIds.length);
      return new Map(
        pageIds.map((id) => [
          id,
          id === 103
            ? null
            : wikiFile(id, {
                uploadedAt: id === 110 ? Date.UTC(2026, 0) : Date.UTC(2020, 0),
                ...(id === 107 ? { mime: 'video/webm' } : {}),
              }),
        ]),
      );
    },
    readStatements: (pageIds: readonly number[]) => statements.readStatements(pageIds),
    items: async (ids: readonly string[]) =>
      new Map(
        ids.map((id): [string, Item | null] => [
          id,
          id === 'Q404'
            ? null
            : {
                id: id === 'Q3' ? 'Q33' : id,
                label: `Label of ${id}`,
                description: 'a person',
                isHuman: true,
                dead: false,
                portrait: 'File:Portrait.jpg',
              },
        ]),
      ),
    thumbnails: async (titles: readonly string[]) =>
      new Map(titles.map((title) => [title, wikiFile(9000, { title })])),
  };
  return { asked, wiki };
}
