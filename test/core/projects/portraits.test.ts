import { describe, expect, it } from 'vitest';
import { creditPortraitsStep, PORTRAIT_COLUMNS, portraitOf } from '../../../src/core/projects/portraits.ts';
import type { WikiFile } from '../../../src/core/wiki/file-page.ts';
import { addProject } from '../../support/people.ts';
import { wikiFile } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';

const OLD = { portrait_title: 'File:Ada.jpg', portrait_url: 'https://p.example/old.jpg' };

describe.each(engines())('portraits on %s', (kind) => {
  async function withPortraits(files: Readonly<Record<string, WikiFile | null>>) {
    const { store, dispose } = await freshStore(kind);
    const projects = [await addProject(store), await addProject(store)];
    const asked: string[][] = [];
    const wiki = {
      thumbnails: async (titles: readonly string[]) => {
        asked.push([...titles]);
        return new Map(titles.map((title) => [title, files[title] ?? null]));
      },
    };
    const set = (given: Partial<Record<(typeof PORTRAIT_COLUMNS)[number], string | null>>) =>
      store.db.updateTable('project_persons').set(given).execute();
    const shown = async () => {
      const rows = await store.db.selectFrom('project_persons').select(PORTRAIT_COLUMNS).execute();
      return rows.map(portraitOf);
    };
    return { store, dispose, projects, asked, wiki, set, shown };
  }

  it('that were stored without an author are shown as soon as the wiki has named it', async () => {
    const file = wikiFile(7, {
      title: 'File:Ada.jpg',
      thumbUrl: 'https://p.example/7.jpg',
      author: null,
      licence: 'CC0',
      licenceUrl: 'https://licences.example/zero',
    });
    const { store, dispose, asked, wiki, set, shown } = await withPortraits({ 'File:Ada.jpg': file });
    try {
      await set(OLD);
      expect(await shown()).toEqual([null, null]);
      expect(await creditPortraitsStep({ store, wiki })).toBe(true);
      const portrait = {
        url: 'https://p.example/7.jpg',
        title: 'File:Ada.jpg',
        pageUrl: file.descriptionUrl,
        author: '',
        licence: 'CC0',
        licenceUrl: 'https://licences.example/zero',
      };
      expect(await shown()).toEqual([portrait, portrait]);
      expect(await creditPortraitsStep({ store, wiki })).toBe(false);
      expect(asked).toEqual([['File:Ada.jpg']]);
    } finally {
      await dispose();
    }
  });

  it('whose file is gone are not shown, and not asked about again', async () => {
    const { store, dispose, wiki, set, shown } = await withPortraits({});
    try {
      await set(OLD);
      expect(await creditPortraitsStep({ store, wiki })).toBe(true);
      expect(await shown()).toEqual([null, null]);
      expect(await creditPortraitsStep({ store, wiki })).toBe(false);
    } finally {
      await dispose();
    }
  });
});
