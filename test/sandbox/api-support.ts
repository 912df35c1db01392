import { randomUUID } from 'node:crypto';
import { type ApiReply, type ApiUser, startTestWiki, type TestWiki } from './harness.ts';

/** A practice wiki with seven files in a category that also has a subcategory. */
export async function startReadingWiki(): Promise<TestWiki> {
  const wiki = await startTestWiki('practice');
  wiki.hands.addCategory('Test people');
  wiki.hands.addCategory('Test people by year', 'Test people');
  for (const number of [1, 2, 3, 4, 5, 6, 7]) {
    await wiki.hands.addFile({ title: `Test portrait ${number}.jpg`, category: 'Test people' });
  }
  return wiki;
}

/** A file of its own on a wiki, and short ways to write about it as Practice Anna. */
export interface PageToWrite {
  readonly page: number;
  newId(): string;
  set(claim: string, more?: Record<string, string>): Promise<ApiReply>;
  remove(claim: string, more?: Record<string, string>): Promise<ApiReply>;
  lastRevision(): number;
}

let files = 0;

export async function pageToWrite(wiki: TestWiki, anna: ApiUser): Promise<PageToWrite> {
  const page = (await wiki.hands.addFile({ title: `Write test ${++files}.jpg` })).id;
  return {
    page,
    newId: () => `M${page}$${randomUUID().toUpperCase()}`,
    set: (claim, more = {}) => anna.write({ action: 'wbsetclaim', claim, ...more }),
    remove: (claim, more = {}) => anna.write({ action: 'wbremoveclaims', claim, ...more }),
    lastRevision: () => wiki.hands.page(page).latest,
  };
}
