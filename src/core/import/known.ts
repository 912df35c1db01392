import type { Trx } from '../store/store.ts';

export type ImportKind =
  | 'user'
  | 'project'
  | 'image'
  | 'face'
  | 'vote'
  | 'verdict'
  | 'claim'
  | 'member'
  | 'token';

/** Which rows of a source were taken over before, and what they became here: what makes an import repeatable. */
export class Known {
  readonly #trx: Trx;
  readonly #source: string;
  readonly #now: number;
  readonly #read = new Map<ImportKind, Map<number, number>>();

  constructor(trx: Trx, source: string, now: number) {
    this.#trx = trx;
    this.#source = source;
    this.#now = now;
  }

  async get(kind: ImportKind, oldId: number): Promise<number | null> {
    return (await this.all(kind)).get(oldId) ?? null;
  }

  /** New ids by old ids. */
  async all(kind: ImportKind): Promise<Map<number, number>> {
    const read = this.#read.get(kind);
    if (read) return read;
    const rows = await this.#trx
      .selectFrom('import_ids')
      .select(['old_id', 'new_id'])
      .where('source', '=', this.#source)
      .where('kind', '=', kind)
      .execute();
    const ids = new Map(rows.map((row) => [row.old_id, row.new_id]));
    this.#read.set(kind, ids);
    return ids;
  }

  async keep(kind: ImportKind, oldId: number, newId: number): Promise<void> {
    (await this.all(kind)).set(oldId, newId);
    await this.#trx
      .insertInto('import_ids')
      .values({
        source: this.#source,
        kind,
        old_id: oldId,
        new_id: newId,
        imported_at: this.#now,
      })
      .execute();
  }
}
