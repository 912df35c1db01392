import type { Wiki } from '../context.ts';
import { type Html, html } from '../html.ts';
import { KNOWN_GRANTS, type PocketClient } from '../options.ts';
import { standingBlock, type User } from '../state/users.ts';
import { pagePath } from '../urls.ts';
import { history } from './history.ts';
import type { Viewer } from './layout.ts';

export function mainPage(): Html {
  return html`<p>This small wiki stands in for Wikimedia Commons, Wikidata and Meta while you try things out. It has
photos, items and accounts of its own, it keeps what you do here, and nothing leaves this computer.</p>
<ul class="ways">
<li><a href="${pagePath('Category:Practice photos')}">Practice photos</a> – the category to look through</li>
<li><a href="${pagePath('Item:Q9001')}">Ada Practice</a> – the made-up person to look for</li>
<li><a href="${pagePath('Special:RecentChanges')}">Recent changes</a> – what was written here</li>
<li><a href="${pagePath('Special:UserLogin')}">Log in</a> as one of the practice accounts</li>
</ul>`;
}

export function recentChanges(wiki: Wiki): Html {
  return history(wiki.store, wiki.store.pages.recentChanges(100));
}

/** One button for each practice account: there are no passwords here. */
export function loginPage(
  wiki: Wiki,
  viewer: Viewer,
  back: { returnto: string; returntoquery: string },
): Html {
  const now = wiki.clock.now();
  return html`<p>Choose who you want to be. There are no passwords: these accounts exist on this computer alone.</p>
<form method="post" action="${pagePath('Special:UserLogin')}" class="accounts">
<input type="hidden" name="wpLoginToken" value="${viewer.csrf}">
<input type="hidden" name="returnto" value="${back.returnto}">
<input type="hidden" name="returntoquery" value="${back.returntoquery}">
${wiki.store.users.signInChoices().map((user) => html`<button name="user" value="${user.id}"><strong>${user.name}</strong><span>${about(user, now)}</span></button>`)}
</form>`;
}

function about(user: User, now: number): string {
  const edits = `${user.editcount} ${user.editcount === 1 ? 'edit' : 'edits'}`;
  if (standingBlock(user, now)) return `${edits}, blocked`;
  return user.groups.includes('autoconfirmed') ? edits : `${edits}, new account`;
}

/** The consent page: who asks, for what, with both answers. */
export function approvePage(
  viewer: Viewer,
  client: PocketClient,
  fields: { scope: string; returnto: string; returntoquery: string },
): Html {
  const scopes = fields.scope.split(' ').filter(Boolean);
  return html`<p>Hi ${viewer.user?.name ?? ''},</p>
<p>In order to complete your request, <strong>${client.name}</strong> needs permission to perform the following
actions on your behalf on all projects of this site:</p>
<ul>${scopes.map((scope) => html`<li>${KNOWN_GRANTS[scope] ?? scope}</li>`)}</ul>
<form method="post" action="${pagePath('Special:OAuth/approve')}" class="answer">
<input type="hidden" name="wpEditToken" value="${viewer.csrf}+\\">
<input type="hidden" name="client_id" value="${client.id}">
<input type="hidden" name="oauth_version" value="2">
<input type="hidden" name="scope" value="${fields.scope}">
<input type="hidden" name="returnto" value="${fields.returnto}">
<input type="hidden" name="returntoquery" value="${fields.returntoquery}">
<button name="accept" value="Allow" class="main">Allow</button>
<button name="cancel" value="Cancel">Cancel</button>
</form>`;
}

export function grantsPage(wiki: Wiki, viewer: Viewer): Html {
  const { user } = viewer;
  if (!user) return html`<p>Log in to see your connected applications.</p>`;
  const grants = wiki.store.tokens.grantsOf(user.id);
  if (grants.length === 0) return html`<p class="none">No application acts for ${user.name}.</p>`;
  return html`<p>Applications that may act for ${user.name}:</p>
<ul class="below">${grants.map(({ client_id: id, scopes }) => {
    const client = wiki.clients.find((one) => one.id === id);
    return html`<li><strong>${client?.name ?? id}</strong> <span class="id">${scopes}</span>
<form method="post" action="${pagePath('Special:OAuthManageMyGrants')}"><input type="hidden" name="wpEditToken" value="${viewer.csrf}"><button name="revoke" value="${id}">Revoke</button></form></li>`;
  })}</ul>`;
}

export function message(text: string): Html {
  return html`<p>${text}</p><p><a href="/">Return to Main Page</a>.</p>`;
}
