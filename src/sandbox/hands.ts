import { createHash, randomUUID } from 'node:crypto';
import sharp from 'sharp';
import type { Wiki } from './context.ts';
import { fileStatements } from './entity/entities.ts';
import { itemValue, makeSnak } from './entity/parse.ts';
import { editSummary, saveStatements } from './entity/save.ts';
import {
  allStatements,
  type Rank,
  type Statement,
  type Statements,
  withoutStatement,
  withStatement,
} from './entity/statements.ts';
import { clientNumber, grantsOf } from './options.ts';
import { ADMIN, UPLOADER } from './practice/accounts.ts';
import type { Page } from './state/pages.ts';
import type { TokenPair } from './state/tokens.ts';
import type { Block, User } from './state/users.ts';
import { parseTitle } from './titles.ts';

export interface RevisionView {
  id: number;
  user: string;
  comment: string;
  tags: string[];
  at: number;
}

/** Where a file's picture stands among the wiki's originals, and what it is like. */
export interface StoredPicture {
  stored: string;
  /** Bytes. */
  size: number;
  /** Pixels. */
  width: number;
  height: number;
}

export interface NewFile {
  /** With or without `File:`. */
  title: string;
  /** With or without `Category:`. */
  category?: string;
  /** A small plain picture when left out. */
  bytes?: Buffer;
  mime?: string;
  description?: string;
}

/** The hands of a test in the pocket wiki: everything that other people or time would do to a real one. */
export class WikiHands {
  readonly #wiki: Wiki;

  constructor(wiki: Wiki) {
    this.#wiki = wiki;
  }

  /** A page by title or page id. */
  page(page: string | number): Page {
    const { pages } = this.#wiki.store;
    const found = typeof page === 'number' ? pages.byId(page) : pages.byTitle(page);
    if (!found) throw new Error(`the pocket wiki has no page ${page}`);
    return found;
  }

  user(name: string): User {
    const found = this.#wiki.store.users.byName(name);
    if (!found) throw new Error(`the pocket wiki has no account ${name}`);
    return found;
  }

  /** All statements of a file; empty as well when it never had any. */
  statements(page: string | number): Statement[] {
    return allStatements(fileStatements(this.#wiki.store, this.page(page)) ?? {});
  }

  /** Newest first. */
  revisions(page: string | number): RevisionView[] {
    return this.#wiki.store.pages.history(this.page(page).id, 500).map((one) => ({
      id: one.id,
      user: one.user_name,
      comment: one.comment,
      tags: JSON.parse(one.tags) as string[],
      at: one.at,
    }));
  }

  /** Somebody states that a file depicts an item. Answers the statement's id. */
  depict(
    page: string | number,
    item: string,
    options: { user?: string; rank?: Rank; id?: string } = {},
  ): string {
    const target = this.page(page);
    const mainsnak = makeSnak('P180', 'value', itemValue({ id: item }), 'wikibase-entityid');
    const id = options.id ?? `M${target.id}$${randomUUID().toUpperCase()}`;
    const statement: Statement = { mainsnak, type: 'statement', id, rank: options.rank ?? 'normal' };
    this.#save(
      target,
      withStatement(this.#current(target), statement),
      statement,
      'wbsetclaim-create:2||1',
      options.user,
    );
    return id;
  }

  /** Somebody takes a statement away. */
  removeStatement(page: string | number, id: string, user?: string): void {
    const target = this.page(page);
    const statement = this.statements(target.id).find((one) => one.id === id);
    if (!statement) throw new Error(`${target.title} has no statement ${id}`);
    this.#save(
      target,
      withoutStatement(this.#current(target), id),
      statement,
      'wbremoveclaims-remove:1|',
      user,
    );
  }

  /** Blocks an account for ten years, everywhere or on some pages. */
  block(name: string, options: { reason?: string; pages?: number[] } = {}): void {
    const now = this.#wiki.clock.now();
    const block: Block = {
      id: 2,
      by: ADMIN,
      byId: 90,
      reason: options.reason ?? 'practice block',
      at: now,
      expires: now + 10 * 365 * 86_400_000,
      ...(options.pages && { pages: options.pages }),
    };
    this.#wiki.store.users.setBlock(this.user(name).id, block);
  }

  unblock(name: string): void {
    this.#wiki.store.users.setBlock(this.user(name).id, null);
  }

  /** The central id stays; only the name changes. */
  renameUser(name: string, newName: string): void {
    this.#wiki.store.users.rename(this.user(name).id, newName);
  }

  /** The page keeps its id; the old title becomes a redirect with an id of its own. */
  moveFile(from: string, to: string): void {
    const { store, clock } = this.#wiki;
    const page = this.page(from);
    const target = parseTitle(to).full;
    const admin = { id: 90, name: ADMIN };
    const comment = `moved page [[${page.title}]] to [[${target}]]`;
    const latest = store.pages.revision(page.latest);
    const revision = { user: admin, at: clock.now(), comment, tags: [] };
    store.db.transaction(() => {
      store.pages.rename(page.id, target);
      store.pages.addRevision(page.id, { ...revision, entity: latest?.entity ?? null });
      store.categories.resort(this.page(page.id));
      store.pages.create(page.title, { ...revision, entity: null }, { redirect: target });
    });
  }

  /** Somebody writes `#REDIRECT` on a file's page, as for a duplicate; the page keeps its id and its statements. */
  redirectFile(page: string | number, to: string): void {
    const { store, clock } = this.#wiki;
    const source = this.page(page);
    const target = parseTitle(to).full;
    const entity = store.pages.revision(source.latest)?.entity ?? null;
    const admin = { id: 90, name: ADMIN };
    const comment = `redirected page to [[${target}]]`;
    store.db.transaction(() => {
      store.pages.redirect(source.id, target);
      store.pages.addRevision(source.id, { user: admin, at: clock.now(), comment, tags: [], entity });
    });
  }

  deletePage(page: string | number): void {
    this.#wiki.store.pages.delete(this.page(page).id);
  }

  protect(page: string | number, on = true): void {
    this.#wiki.store.pages.protect(this.page(page).id, on);
  }

  addCategory(title: string, parent?: string): Page {
    const { store } = this.#wiki;
    const page = store.pages.create(categoryTitle(title), this.#first());
    if (parent !== undefined) store.categories.add(categoryTitle(parent), page, this.#wiki.clock.now());
    return page;
  }

  /** A page that is no file, in a category. */
  addPage(title: string, category: string): Page {
    const { store, clock } = this.#wiki;
    const page = store.pages.create(title, this.#first());
    store.categories.add(categoryTitle(category), page, clock.now());
    return page;
  }

  /** Adds a file with a picture of its own; a new version of it when the title is taken. */
  async addFile(file: NewFile): Promise<Page> {
    const { store, originals, clock } = this.#wiki;
    const bytes = file.bytes ?? (await plainPicture(file.title));
    const mime = file.mime ?? 'image/jpeg';
    const { width = 0, height = 0 } = mime.startsWith('image/') ? await sharp(bytes).metadata() : {};
    const sha1 = createHash('sha1').update(bytes).digest('hex');
    await originals.write(sha1, bytes);
    const title = parseTitle(file.title).ns === 6 ? file.title : `File:${file.title}`;
    const known = store.pages.byTitle(title);
    const page = known ?? store.pages.create(title, this.#first());
    store.files.put({
      page_id: page.id,
      stored: sha1,
      size: bytes.length,
      width,
      height,
      mime,
      sha1,
      uploader: UPLOADER,
      uploaded: clock.now(),
      description: file.description ?? parseTitle(title).text,
      author: UPLOADER,
      license: 'cc-by-sa-4.0',
    });
    if (file.category !== undefined) store.categories.add(categoryTitle(file.category), page, clock.now());
    return page;
  }

  /**
   * Many files that each say a hash of their own, for load tests. Answers their page ids.
   * @param picture of the file with this number, from 1, in the wiki's originals; otherwise they share one
   */
  async addManyFiles(
    count: number,
    category: string,
    name = 'Load test',
    picture?: (number: number) => StoredPicture,
  ): Promise<number[]> {
    const { store, clock } = this.#wiki;
    const pictureOf = picture ?? (await this.#sharedPicture(name));
    const now = clock.now();
    return store.db.transaction(() =>
      Array.from({ length: count }, (_, i) => {
        const title = `File:${name} ${String(i + 1).padStart(5, '0')}.jpg`;
        const page = store.pages.create(title, this.#first());
        const sha1 = createHash('sha1').update(title).digest('hex');
        const words = {
          uploader: UPLOADER,
          uploaded: now,
          description: name,
          author: UPLOADER,
          license: 'cc0',
        };
        store.files.put({ page_id: page.id, mime: 'image/jpeg', sha1, ...pictureOf(i + 1), ...words });
        store.categories.add(categoryTitle(category), page, now);
        return page.id;
      }),
    );
  }

  /** Tokens of an account for a client, as if the person had gone through sign-in and consent. */
  issueTokens(name: string, clientId?: string, scopes?: string[]): TokenPair {
    const client = this.#wiki.clients.find((one) => clientId === undefined || one.id === clientId);
    if (!client) throw new Error('the pocket wiki has no such client');
    const user = this.user(name);
    const grant = { clientId: client.id, userId: user.id, centralId: user.centralId };
    return this.#wiki.store.tokens.issue(
      { ...grant, scopes: scopes ?? grantsOf(client) },
      this.#wiki.clock.now(),
    );
  }

  /** What a person does at Special:OAuthManageMyGrants. */
  revokeGrant(name: string, clientId?: string): void {
    const ids = this.#wiki.clients.map((client) => client.id);
    for (const id of clientId === undefined ? ids : [clientId]) {
      this.#wiki.store.tokens.revokeGrant(this.user(name).id, id);
    }
  }

  disableClient(clientId: string, disabled = true): void {
    const client = this.#wiki.clients.find((one) => one.id === clientId);
    if (client) client.disabled = disabled;
  }

  /** Edits each account may make within so many seconds. */
  setRateLimit(hits: number, seconds: number): void {
    this.#wiki.rateLimit.set(hits, seconds);
  }

  /** The tag that edits through a client carry. */
  tagOf(clientId: string): string {
    return `OAuth CID: ${clientNumber(this.#wiki.clients, clientId)}`;
  }

  async #sharedPicture(name: string): Promise<() => StoredPicture> {
    const bytes = await plainPicture(name);
    const stored = createHash('sha1').update(bytes).digest('hex');
    await this.#wiki.originals.write(stored, bytes);
    const { width = 0, height = 0 } = await sharp(bytes).metadata();
    return () => ({ stored, size: bytes.length, width, height });
  }

  #current(page: Page): Statements {
    return fileStatements(this.#wiki.store, page) ?? {};
  }

  #save(
    page: Page,
    statements: Statements,
    about: Statement,
    automatic: string,
    name = 'Practice Chen',
  ): void {
    saveStatements(this.#wiki.store, {
      page,
      statements,
      user: this.user(name),
      summary: editSummary(automatic, about.mainsnak, ''),
      tags: [],
      at: this.#wiki.clock.now(),
    });
  }

  #first() {
    const user = this.user(UPLOADER);
    return { user, at: this.#wiki.clock.now(), comment: 'upload', tags: [], entity: null };
  }
}

function categoryTitle(title: string): string {
  return parseTitle(title).ns === 14 ? parseTitle(title).full : `Category:${parseTitle(title).full}`;
}

function plainPicture(name: string): Promise<Buffer> {
  const [r = 0, g = 0, b = 0] = createHash('md5').update(name).digest();
  return sharp({ create: { width: 640, height: 480, channels: 3, background: { r, g, b } } })
    .jpeg()
    .toBuffer();
}
