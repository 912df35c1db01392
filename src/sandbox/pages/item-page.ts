import type { Wiki } from '../context.ts';
import { type Item, itemLabel } from '../entity/entities.ts';
import { PROPERTIES } from '../entity/properties.ts';
import { allStatements, itemOf, type Statement } from '../entity/statements.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../state/pages.ts';
import { hashedPath, pagePath } from '../urls.ts';

const LANGUAGES: [string, string][] = [
  ['en', 'English'],
  ['nb', 'Norwegian Bokmål'],
  ['es', 'Spanish'],
  ['fr', 'French'],
  ['mul', 'All languages'],
];

/** An item: its names in the languages, its statements, and the files that portray it. */
export function itemContent(wiki: Wiki, item: Item): Html {
  const { store } = wiki;
  const files = store.db.all<Page>(
    `SELECT DISTINCT pages.* FROM statement_index JOIN pages ON pages.id = page_id
     WHERE property = 'P180' AND value = ? ORDER BY title`,
    item.id,
  );
  return html`
<p class="id">${item.id}</p>
${portrait(wiki, item)}
<table><thead><tr><th scope="col">Language</th><th scope="col">Label</th><th scope="col">Description</th></tr></thead><tbody>
${LANGUAGES.filter(([code]) => item.labels[code] ?? item.descriptions[code]).map(
  ([code, name]) =>
    html`<tr><th scope="row">${name}</th><td lang="${code}">${item.labels[code]?.value ?? '–'}</td><td lang="${code}">${item.descriptions[code]?.value ?? '–'}</td></tr>`,
)}
</tbody></table>
<h2>Statements</h2>
<dl>${allStatements(item.claims).map(
    (one) =>
      html`<dt>${PROPERTIES[one.mainsnak.property]?.label ?? one.mainsnak.property}</dt><dd>${value(wiki, one)}${one.rank === 'preferred' && html` <span class="rank">preferred</span>`}</dd>`,
  )}</dl>
<h2>Portrayed in</h2>
${files.length === 0 ? html`<p class="none">No file says so yet.</p>` : html`<ul>${files.map(({ title }) => html`<li><a href="${pagePath(title)}">${title.slice('File:'.length)}</a></li>`)}</ul>`}`;
}

/** The portrait: of the best rank, when there is one and its file is here. */
function portrait({ store }: Wiki, item: Item): Html | null {
  const images = item.claims.P18 ?? [];
  const best = images.find((one) => one.rank === 'preferred') ?? images[0];
  const title = `File:${String(best?.mainsnak.datavalue?.value ?? '')}`;
  const page = store.pages.byTitle(title);
  const file = page && store.files.of(page.id);
  if (!page || !file) return null;
  const path = hashedPath(page.title);
  const source =
    file.width > 250 ? `/images/thumb/${path}/250px-${path.split('/').at(-1)}` : `/images/${path}`;
  return html`<p class="portrait"><a href="${pagePath(page.title)}"><img src="${source}" alt="Portrait" width="${file.width}" height="${file.height}"></a></p>`;
}

function value({ store }: Wiki, statement: Statement): Html {
  const { snaktype, property, datavalue } = statement.mainsnak;
  if (snaktype !== 'value') return html`${snaktype === 'somevalue' ? 'unknown value' : 'no value'}`;
  const item = itemOf(statement);
  if (item !== undefined) return html`<a href="${pagePath(`Item:${item}`)}">${itemLabel(store, item)}</a>`;
  const raw = datavalue?.value;
  if (property === 'P18') return html`<a href="${pagePath(`File:${String(raw)}`)}">${String(raw)}</a>`;
  const time =
    typeof raw === 'object' && raw !== null && 'time' in raw ? String(raw.time).slice(1, 5) : String(raw);
  return html`${time}`;
}
