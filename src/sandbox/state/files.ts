import type { WikiDatabase } from './database.ts';

export interface StoredFile {
  page_id: number;
  /** Name in the store of originals. */
  stored: string;
  /** Bytes. */
  size: number;
  /** Pixels; 0 for sounds. */
  width: number;
  height: number;
  mime: string;
  sha1: string;
  uploader: string;
  uploaded: number;
  description: string;
  author: string;
  /** A key of `LICENSES`. */
  license: string;
}

/** The licences that practice files carry, with what extmetadata says about each. */
export const LICENSES: Record<string, { short: string; long: string; url: string }> = {
  'cc-by-sa-4.0': {
    short: 'CC BY-SA 4.0',
    long: 'Creative Commons Attribution-Share Alike 4.0',
    url: 'https://creativecommons.org/licenses/by-sa/4.0',
  },
  'cc-by-4.0': {
    short: 'CC BY 4.0',
    long: 'Creative Commons Attribution 4.0',
    url: 'https://creativecommons.org/licenses/by/4.0',
  },
  cc0: {
    short: 'CC0',
    long: 'Creative Commons Zero, Public Domain Dedication',
    url: 'http://creativecommons.org/publicdomain/zero/1.0/deed.en',
  },
};

export class Files {
  readonly #db: WikiDatabase;

  constructor(db: WikiDatabase) {
    this.#db = db;
  }

  put(file: StoredFile): void {
    this.#db.run(
      `INSERT OR REPLACE INTO files (page_id, stored, size, width, height, mime, sha1, uploader, uploaded,
         description, author, license) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      file.page_id,
      file.stored,
      file.size,
      file.width,
      file.height,
      file.mime,
      file.sha1,
      file.uploader,
      file.uploaded,
      file.description,
      file.author,
      file.license,
    );
  }

  of(pageId: number): StoredFile | undefined {
    return this.#db.one<StoredFile>('SELECT * FROM files WHERE page_id = ?', pageId);
  }

  all(): StoredFile[] {
    return this.#db.all<StoredFile>('SELECT * FROM files ORDER BY page_id');
  }
}
