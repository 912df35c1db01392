import type { Wiki } from '../context.ts';
import { fileStatements, itemLabel } from '../entity/entities.ts';
import { allStatements, itemOf } from '../entity/statements.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../state/pages.ts';
import { parseTitle } from '../titles.ts';
import { hashedPath, pagePath } from '../urls.ts';

/** A category: the ones below it, then its files as small pictures with the names of those they portray. */
export function categoryContent(wiki: Wiki, category: string): Html {
  const { categories } = wiki.store;
  const below = categories.members(category, ['subcat'], 200);
  const files = categories.members(category, ['file'], 200);
  const above = categories.of(wiki.store.pages.byTitle(category)?.id ?? 0);
  return html`
${above.length > 0 && html`<p>Part of ${above.map((title) => html`<a href="${pagePath(title)}">${parseTitle(title).text}</a> `)}</p>`}
${
  below.length > 0 &&
  html`<section><h2>Subcategories</h2><ul class="below">${below.map(({ title }) => {
    const { file } = categories.counts(title);
    return html`<li><a href="${pagePath(title)}">${parseTitle(title).text}</a> <span class="id">${file} ${file === 1 ? 'file' : 'files'}</span></li>`;
  })}</ul></section>`
}
<section><h2>Files</h2>
${files.length === 0 ? html`<p class="none">No files here.</p>` : html`<ul class="gallery">${files.map((page) => tile(wiki, page))}</ul>`}
</section>`;
}

function tile({ store }: Wiki, page: Page): Html {
  const file = store.files.of(page.id);
  const people = allStatements(fileStatements(store, page) ?? {}).flatMap((one) => itemOf(one) ?? []);
  const name = parseTitle(page.title).text;
  const path = hashedPath(page.title);
  const source =
    file && file.width > 330 ? `/images/thumb/${path}/330px-${path.split('/').at(-1)}` : `/images/${path}`;
  return html`<li><a href="${pagePath(page.title)}">
${file && file.width > 0 ? html`<img src="${source}" alt="" loading="lazy" width="${file.width}" height="${file.height}">` : html`<span class="sound">♪</span>`}
<span class="title">${name.replace(/\.\w+$/, '')}</span></a>
${people.length > 0 && html`<span class="people">${people.map((id) => itemLabel(store, id)).join(', ')}</span>`}</li>`;
}
