import type { Wiki } from '../context.ts';
import { fileStatements, itemLabel } from '../entity/entities.ts';
import { PROPERTIES } from '../entity/properties.ts';
import { allStatements, boxOf, itemOf, type Statement } from '../entity/statements.ts';
import { type Html, html } from '../html.ts';
import { THUMB_WIDTHS } from '../pictures.ts';
import { UPLOADER } from '../practice/accounts.ts';
import { LICENSES, type StoredFile } from '../state/files.ts';
import type { Page } from '../state/pages.ts';
import { parseTitle } from '../titles.ts';
import { hashedPath, pagePath } from '../urls.ts';
import { history } from './history.ts';

/** A file: the picture, what is known about it, whom it portrays, and what happened to it. */
export function filePageContent(wiki: Wiki, page: Page, file: StoredFile): Html {
  const { store } = wiki;
  const statements = allStatements(fileStatements(store, page) ?? {});
  const depicts = statements.filter((one) => one.mainsnak.property === 'P180');
  const license = LICENSES[file.license];
  return html`
<div class="file">
${file.width > 0 ? picture(store, page, file, depicts) : html`<p class="sound"><a href="/images/${hashedPath(page.title)}">Listen to this sound</a></p>`}
<section aria-labelledby="portrayed">
<h2 id="portrayed">Items portrayed in this file</h2>
${depicts.length === 0 ? html`<p class="none">Nobody has said yet whom this file portrays.</p>` : html`<ul class="depicts">${depicts.map((one) => statementRow(wiki, one))}</ul>`}
</section>
</div>
<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
${file.author === UPLOADER && html`<p class="none">For practice alone: this picture is made from a demonstration photo of the npm package <code>@vladmandic/face-api</code> (MIT licence; the file NOTICE of Visavis tells more). Its names, its author and the licence below are made up, and have nothing to do with the people in it.</p>`}
<dl>
<dt>Description</dt><dd>${file.description}</dd>
<dt>Author</dt><dd>${file.author}</dd>
<dt>Licence</dt><dd>${license ? html`<a href="${license.url}">${license.short}</a>` : file.license}</dd>
${file.width > 0 && html`<dt>Size</dt><dd>${file.width} × ${file.height} pixels, ${Math.ceil(file.size / 1024)} KB</dd>`}
<dt>Entity</dt><dd><code>M${page.id}</code></dd>
<dt>Categories</dt><dd>${store.categories.of(page.id).map((title) => html`<a href="${pagePath(title)}">${parseTitle(title).text}</a> `)}</dd>
</dl>
</section>
<section aria-labelledby="history">
<h2 id="history">History</h2>
${history(store, store.pages.history(page.id, 100))}
</section>`;
}

function picture(store: Wiki['store'], page: Page, file: StoredFile, depicts: Statement[]): Html {
  const width = THUMB_WIDTHS.findLast((one) => one <= 960 && one < file.width);
  const path = hashedPath(page.title);
  const name = path.split('/').at(-1);
  const source = width === undefined ? `/images/${path}` : `/images/thumb/${path}/${width}px-${name}`;
  const boxes = depicts.flatMap((statement) => {
    const box = boxOf(statement);
    return box ? [{ box, label: itemLabel(store, itemOf(statement) ?? '') }] : [];
  });
  return html`<figure class="picture">
<a href="/images/${path}"><img src="${source}" alt="${file.description}" width="${file.width}" height="${file.height}"></a>
${boxes.length > 0 && html`<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">${boxes.map(({ box: [x, y, w, h], label }) => html`<rect x="${x}" y="${y}" width="${w}" height="${h}" vector-effect="non-scaling-stroke"><title>${label}</title></rect>`)}</svg>`}
</figure>`;
}

function statementRow({ store }: Wiki, statement: Statement): Html {
  const item = itemOf(statement);
  const box = boxOf(statement);
  const rank = statement.rank === 'preferred' ? html`<span class="rank">prominent</span>` : null;
  const value =
    item === undefined
      ? html`${statement.mainsnak.snaktype === 'somevalue' ? 'unknown value' : 'no value'}`
      : html`<a href="${pagePath(`Item:${item}`)}">${itemLabel(store, item)}</a> <span class="id">${item}</span>`;
  return html`<li>${value} ${rank}
${box && html`<span class="qualifier">${PROPERTIES.P2677?.label}: ${box[0]} % from the left, ${box[1]} % from the top, ${box[2]} × ${box[3]} % in size</span>`}
<code class="guid">${statement.id}</code></li>`;
}
