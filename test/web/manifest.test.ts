import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/core/store/store.ts';
import { addMember, addProject } from '../support/people.ts';
import { addFace, addFile } from '../support/pictures.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';
import { accountNamed, addSource } from './support/sources.ts';

const MUSEUM = 'https://museum.example.org';
const OTHER = 'https://other.example.com';
const PORTRAIT = `${MUSEUM}/people/1.jpg?size=2`;

describe('what a project asks for', () => {
  let store: Store;
  let site: Site;
  let dispose: () => Promise<void>;
  let owner: Browser;
  let member: Browser;
  let project: number;
  let base: string;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    site = await startSite(store);
    [owner, member] = [new Browser(site.url), new Browser(site.url)];
    await owner.signIn('Olga');
    await member.signIn('Max');
    const { id } = await accountNamed(store, 'Olga');
    project = (await addProject(store, { created_by: id, matching: 0 })).id;
    await addMember(store, project, { accountId: (await accountNamed(store, 'Max')).id });
    await addFace(store, await addFile(store, project));
    base = `/projects/${project}/data-sources`;
  });
  afterAll(async () => {
    await site.close();
    await dispose();
  });
  const page = async (browser: Browser, path: string) => (await browser.get(path)).text();
  const review = () => page(member, `/projects/${project}/review`);
  const policy = async (path: string) =>
    (await member.get(path)).headers.get('content-security-policy') ?? '';

  it('is declared by its owners, and read by everybody', async () => {
    const asked = { origin: 'Museum.example.org', who: 'The <museum>', purpose: 'Portraits of people' };
    expect((await member.post(base, asked)).status).toBe(403);
    expect((await owner.post(base, asked)).status).toBe(303);
    for (const browser of [new Browser(site.url), member]) {
      const html = await page(browser, base);
      expect(html).toContain(MUSEUM);
      expect(html).toContain('The &lt;museum&gt; asks for it: Portraits of people');
      expect(html).not.toContain(`${base}/withdraw`);
    }
    const bad = await owner.post(base, { ...asked, origin: '*.example.org' });
    expect(bad.status).toBe(400);
    expect(await bad.text()).toContain('Wildcards are not allowed');
    expect((await owner.post(base, asked)).status).toBe(409);
  });

  it('holds the pages and portraits beside its persons', async () => {
    const portrait = { person: 'Q1', kind: 'portrait', url: PORTRAIT, title: 'In the museum' };
    expect((await member.post(`${base}/references`, portrait)).status).toBe(403);
    expect((await owner.post(`${base}/references`, portrait)).status).toBe(303);
    const biography = { person: 'Q1', kind: 'page', url: `${MUSEUM}/people/1`, title: 'Her life' };
    expect((await owner.post(`${base}/references`, biography)).status).toBe(303);
    for (const wrong of [
      { url: 'javascript:alert(1)' },
      { url: `${OTHER}/x.jpg` },
      { url: 'http://museum.example.org/x' },
      { title: '' },
    ])
      expect((await owner.post(`${base}/references`, { ...portrait, ...wrong })).status).toBe(400);
    expect((await owner.post(`${base}/references`, { ...portrait, person: 'Q99' })).status).toBe(404);
    expect(await page(member, base)).toContain('In the museum');
    // Links to living people's pages are for those who take part.
    expect(await page(new Browser(site.url), base)).not.toContain('In the museum');
  });

  it('shows a placeholder that names the origin until the member allows it, and then loads it', async () => {
    const before = await review();
    expect(before).toContain(`${MUSEUM} is not loaded`);
    expect(before).toContain('href="/data-sources?origin=https%3A%2F%2Fmuseum.example.org#add"');
    expect(before).not.toContain('people/1');
    const { user } = await accountNamed(store, 'Max');
    await addSource(store, user, MUSEUM);
    await addSource(store, user, OTHER);
    const after = await review();
    expect(after).toContain(`<img src="${PORTRAIT}"`);
    expect(after).toContain('referrerpolicy="no-referrer"');
    expect(after).toContain(`<a href="${MUSEUM}/people/1" rel="noreferrer noopener"`);
    // The owner allowed nothing, and sees nothing loaded.
    expect(await page(owner, `/projects/${project}/review`)).not.toContain(`<img src="${MUSEUM}`);
  });

  it('its pages carry only what it declares; others carry all', async () => {
    expect(await policy(`/projects/${project}`)).toContain(`default-src 'self' ${MUSEUM};`);
    expect(await policy('/projects')).toContain(`default-src 'self' ${MUSEUM} ${OTHER};`);
    // Where somebody decides, nothing.
    expect(await policy(base)).toContain("default-src 'self';");
  });

  it('what is withdrawn or removed is not loaded any more', async () => {
    const other = await addProject(store, { created_by: (await accountNamed(store, 'Max')).id });
    const { id } = await store.db
      .selectFrom('project_references')
      .select('id')
      .where('kind', '=', 'page')
      .executeTakeFirstOrThrow();
    // Another project's owner names it as if it were theirs.
    expect((await member.post(`/projects/${other.id}/data-sources/references/${id}/remove`, {})).status).toBe(
      404,
    );
    expect((await owner.post(`${base}/references/${id}/remove`, {})).status).toBe(303);
    expect(await review()).not.toContain('Her life');
    expect((await owner.post(`${base}/withdraw`, { origin: MUSEUM })).status).toBe(303);
    const html = await review();
    expect(html).toContain('the project does not ask for this site any more');
    expect(html).not.toContain(PORTRAIT);
  });
});
