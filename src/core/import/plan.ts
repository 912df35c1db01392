import { findPortraits } from '../projects/portraits.ts';
import type { WikiFile } from '../wiki/file-page.ts';
import type { Item } from '../wiki/items.ts';
import type { FileStatements } from '../wiki/statements.ts';
import type { Wiki } from '../wiki/wiki.ts';
import type { ClaimRow, FaceRow, ImageRow, MemberRow, ProjectRow } from './rows.ts';
import type { Source } from './source.ts';

export type ImportWiki = Pick<Wiki, 'filesByPageId' | 'readStatements' | 'items' | 'thumbnails'>;

/** Who a project looks for, as the item is now. */
export interface PlannedPerson {
  readonly item: Item;
  /** The file that the item names as its portrait. */
  readonly portrait: WikiFile | null;
}

/** A project as the old database has it, and what the wiki says now of its files and person. */
export interface ProjectPlan {
  readonly project: ProjectRow;
  /** null: there is no such item. */
  readonly person: PlannedPerson | null;
  readonly members: readonly MemberRow[];
  readonly images: readonly ImageRow[];
  /** By image; without those that a newer box has replaced. */
  readonly faces: ReadonlyMap<number, readonly FaceRow[]>;
  /** Faces that a newer box has replaced. */
  readonly superseded: number;
  /** Faces that replace an older box: a person drew them. */
  readonly redrawn: ReadonlySet<number>;
  readonly claims: readonly ClaimRow[];
  readonly files: ReadonlyMap<number, WikiFile | null>;
  readonly statements: ReadonlyMap<number, FileStatements>;
}

const AT_ONCE = 50;
const LANGUAGE = 'en';

/** Reads a project from the old database, and asks the wiki about its files, 50 at a time. */
export async function planProject(
  source: Source,
  wiki: ImportWiki,
  project: ProjectRow,
): Promise<ProjectPlan> {
  const images = await source.images(project.id);
  const all = await source.faces(project.id);
  const faces = all.filter((face) => face.superseded_by == null);
  const files = new Map<number, WikiFile | null>();
  const statements = new Map<number, FileStatements>();
  const pageIds = [...new Set(images.map((image) => image.commons_page_id))];
  for (let start = 0; start < pageIds.length; start += AT_ONCE) {
    const some = pageIds.slice(start, start + AT_ONCE);
    for (const [pageId, file] of await wiki.filesByPageId(some)) files.set(pageId, file);
    for (const [pageId, found] of await wiki.readStatements(some)) statements.set(pageId, found);
  }
  return {
    project,
    person: await planPerson(wiki, project.wikidata_qid),
    members: await source.members(project.id),
    images,
    faces: Map.groupBy(faces, (face) => face.image_id),
    superseded: all.length - faces.length,
    redrawn: new Set(all.flatMap((face) => face.superseded_by ?? [])),
    claims: await source.claims(project.id),
    files,
    statements,
  };
}

async function planPerson(wiki: ImportWiki, given: string): Promise<PlannedPerson | null> {
  const id = given.trim().toUpperCase();
  if (!/^Q[1-9]\d{0,11}$/.test(id)) return null;
  const item = (await wiki.items([id], LANGUAGE)).get(id) ?? null;
  if (!item) return null;
  const { portrait } = item;
  const files = await findPortraits(wiki, portrait === null ? [] : [portrait]);
  return { item, portrait: files.get(portrait ?? '') ?? null };
}
