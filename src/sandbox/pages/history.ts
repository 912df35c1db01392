import { type Html, html } from '../html.ts';
import type { Revision } from '../state/pages.ts';
import type { Store } from '../state/store.ts';
import { isoTime, readableTime } from '../times.ts';
import { pagePath } from '../urls.ts';
import { readableComment } from './comment.ts';

/** A list of changes; with titles when they are of several pages. */
export function history(store: Store, revisions: (Revision & { title?: string })[]): Html {
  if (revisions.length === 0) return html`<p>No changes yet.</p>`;
  return html`<ol class="history">${revisions.map((revision) => row(store, revision))}</ol>`;
}

function row(store: Store, revision: Revision & { title?: string }): Html {
  const tags = JSON.parse(revision.tags) as string[];
  return html`<li>
<time datetime="${isoTime(revision.at)}">${readableTime(revision.at)}</time>
${revision.title !== undefined && html`<a class="title" href="${pagePath(revision.title)}">${revision.title}</a>`}
<span class="who">${revision.user_name}</span>
<span class="comment">${readableComment(store, revision.comment)}</span>
${tags.map((tag) => html`<span class="tag">${tag}</span>`)}
</li>`;
}
