import { z } from 'zod';
import { requireBatch, requirePageId } from './batch.ts';
import { MAX_LAG, type WikiClient } from './client.ts';
import { queryPages } from './query.ts';
import { emptyArray, statementGroups } from './snak.ts';
import { type FileStatements, readStatements, toStatement } from './statements.ts';

/** What stands behind a page id: the file, a redirect to another page, or nothing (deleted). */
export type PageState = 'file' | 'redirect' | 'missing';

export interface FileNow extends FileStatements {
  readonly page: PageState;
}

/**
 * Files with their statements as `readStatements` has them, and whether there is still a file under each page id,
 * in one request: `wbgetentities` cannot tell a redirect, whose own id takes statements (recorded). The statements
 * come from the slot of the newest revision, where they are written as in the answers of Wikibase.
 * @param pageIds at most 50
 * @param property `P180` on Commons
 */
export async function readFilesNow(
  client: WikiClient,
  pageIds: readonly number[],
  property: string,
): Promise<ReadonlyMap<number, FileNow>> {
  requireBatch(pageIds);
  const wanted = [...new Set(pageIds.map(requirePageId))];
  if (wanted.length === 0) return new Map();
  const slots = { prop: 'revisions', rvprop: ['ids', 'content'], rvslots: 'mediainfo' };
  const batch = await queryPages(client, { pageids: wanted, redirects: true, ...slots, maxlag: MAX_LAG });
  // A redirect is answered with the page that it leads to, so that its own id is not in the answer.
  const found = new Map<number, FileNow>(wanted.map((id) => [id, { ...NO_STATEMENTS, page: 'redirect' }]));
  const unreadable: number[] = [];
  for (const page of batch.pages) {
    if (page.pageid === undefined || !found.has(page.pageid)) continue;
    const now = readPage(page, property);
    if (now) found.set(page.pageid, now);
    else unreadable.push(page.pageid);
  }
  if (unreadable.length > 0) {
    for (const [id, statements] of await readStatements(client, unreadable, property))
      found.set(id, { ...statements, page: 'file' });
  }
  return found;
}

const NO_STATEMENTS: FileStatements = { exists: false, statements: [], revision: null };

const slot = z.object({ content: z.string() });
const pageAnswer = z.object({
  missing: z.literal(true).optional(),
  revisions: z
    .tuple([
      z.object({ revid: z.number(), slots: z.object({ mediainfo: slot.optional() }).or(emptyArray()) }),
    ])
    .optional(),
});
const entity = z.object({ statements: statementGroups.optional() });

/** null when the wiki does not show the slot, or shows something else there. */
function readPage(raw: unknown, property: string): FileNow | null {
  const { data } = pageAnswer.safeParse(raw);
  if (!data) return null;
  if (data.missing) return { ...NO_STATEMENTS, page: 'missing' };
  const [revision] = data.revisions ?? [];
  if (!revision) return null;
  const text = 'mediainfo' in revision.slots ? revision.slots.mediainfo?.content : undefined;
  if (text === undefined) return { ...NO_STATEMENTS, page: 'file' };
  const parsed = entity.safeParse(jsonOf(text));
  if (!parsed.success) return null;
  const statements = parsed.data.statements?.[property] ?? [];
  return { exists: true, page: 'file', statements: statements.map(toStatement), revision: revision.revid };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
