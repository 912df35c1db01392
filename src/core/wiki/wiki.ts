import type { WikiAccount } from './account.ts';
import { categoryInfo, categoryMembers } from './categories.ts';
import type { ReadOptions, WikiClient } from './client.ts';
import type { ThumbWidth } from './file-page.ts';
import { filesByPageId, filesDepicting, thumbnails } from './files.ts';
import { readFilesNow } from './files-now.ts';
import { items, searchItems } from './items.ts';
import {
  type NewStatement,
  type RankChange,
  type Removal,
  readStatements,
  removeStatement,
  setRank,
  setStatement,
} from './statements.ts';
import { userInfo } from './userinfo.ts';

export interface WikiOptions {
  /** The wiki with the files and their structured data. */
  readonly files: WikiClient;
  /** The wiki with the items; the same client when one wiki has both. */
  readonly items: WikiClient;
  /** The property that says who is in the picture: P180 on Commons. */
  readonly depicts?: string;
}

/** Everything the product asks of the wikis, one method for each intent: what other rooms are given. */
export type Wiki = ReturnType<typeof createWiki>;

export function createWiki({ files, items: itemClient, depicts = 'P180' }: WikiOptions) {
  return {
    /** The depicts property of this wiki. */
    depicts,
    categoryMembers: (category: string, options: Parameters<typeof categoryMembers>[2]) =>
      categoryMembers(files, category, options),
    categoryInfo: (title: string) => categoryInfo(files, title),
    filesByPageId: (pageIds: readonly number[], width?: ThumbWidth, onAnswer?: () => void) =>
      filesByPageId(files, pageIds, width, onAnswer),
    filesDepicting: (itemId: string, category: string, next?: number | null) =>
      filesDepicting(files, itemId, category, next, depicts),
    thumbnails: (titles: readonly string[], width: ThumbWidth) => thumbnails(files, titles, width),
    userInfo: (account: WikiAccount) => userInfo(files, account),
    items: (itemIds: readonly string[], language: string) => items(itemClient, itemIds, language),
    searchItems: (text: string, language: string) => searchItems(itemClient, text, language),
    readStatements: (pageIds: readonly number[], options?: Pick<ReadOptions, 'budgetMs'>) =>
      readStatements(files, pageIds, depicts, options),
    readFilesNow: (pageIds: readonly number[]) => readFilesNow(files, pageIds, depicts),
    setStatement: (statement: Omit<NewStatement, 'property'>) =>
      setStatement(files, { ...statement, property: depicts }),
    setRank: (change: RankChange) => setRank(files, change),
    removeStatement: (removal: Removal) => removeStatement(files, removal),
  };
}
