import type { WikiFile } from '../../src/core/wiki/file-page.ts';
import type { Wiki } from '../../src/core/wiki/wiki.ts';

export type Tree = Record<string, { files?: WikiFile[]; categories?: string[] }>;

/** Categories of a wiki, two members to a page, subcategories first. */
export function fakeCategories(tree: Tree) {
  const calls: string[] = [];
  const gone = new Set<number>();
  let before: (call: string) => void | Promise<void> = () => {};
  const ask = async (call: string, onAnswer?: () => void) => {
    calls.push(call);
    await before(call);
    onAnswer?.();
  };
  return {
    tree,
    calls,
    /** Pages that are deleted, or redirects now. */
    gone,
    /** Files that are on the wiki without being in a category. */
    elsewhere: [] as WikiFile[],
    /** Runs before each answer; what it throws is the wiki's error. */
    onCall: (work: (call: string) => void | Promise<void>) => {
      before = work;
    },
    async categoryMembers(category: string, options: Parameters<Wiki['categoryMembers']>[1]) {
      await ask(`members ${category} ${options.continueFrom ?? 0}`, options.onAnswer);
      const { files = [], categories = [] } = tree[category] ?? {};
      const all = [...(options.subcategories ? categories : []), ...files];
      const start = Number(options.continueFrom ?? 0);
      const some = all.slice(start, start + 2);
      return {
        files: some.filter((one) => typeof one !== 'string').map(member),
        subcategories: some.filter((one) => typeof one === 'string'),
        next: start + 2 < all.length ? String(start + 2) : null,
      };
    },
    async filesByPageId(pageIds: readonly number[], _width?: number, onAnswer?: () => void) {
      await ask(`details of ${pageIds.length}`, onAnswer);
      const files = [...Object.values(tree).flatMap((entry) => entry.files ?? []), ...this.elsewhere];
      return new Map(
        pageIds.map((id) => [id, gone.has(id) ? null : (files.find((one) => one.pageId === id) ?? null)]),
      );
    },
  };
}

function member({ pageId, title, sha1, width, height, mime }: WikiFile) {
  return { pageId, title, version: { sha1, width, height, mime } };
}
