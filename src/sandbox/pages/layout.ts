import { type Html, html } from '../html.ts';
import type { User } from '../state/users.ts';
import { pagePath } from '../urls.ts';

/** Who looks at a page. */
export interface Viewer {
  user: User | null;
  csrf: string;
}

/** The frame of every page: a clear label that this is practice, the few ways around, who is signed in. */
export function layout(title: string, viewer: Viewer, content: Html): string {
  const page = html`<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – Pocket wiki</title>
<link rel="stylesheet" href="/pocket/style.css">
</head>
<body>
<p class="practice"><strong>Pocket wiki</strong> – practice, nothing here is real</p>
<header>
<a class="name" href="/">Pocket wiki</a>
<nav aria-label="Pages">
<a href="${pagePath('Category:Practice photos')}">Practice photos</a>
<a href="${pagePath('Special:RecentChanges')}">Recent changes</a>
</nav>
<div class="account">${account(viewer)}</div>
</header>
<main>
<h1>${title}</h1>
${content}
</main>
<footer>A small stand-in for Wikimedia Commons, Wikidata and Meta on this computer. People, names and edits are made up.</footer>
</body>
</html>`;
  return page.text;
}

function account({ user, csrf }: Viewer): Html {
  if (!user) return html`<a href="${pagePath('Special:UserLogin')}">Log in</a>`;
  return html`<a href="${pagePath('Special:OAuthManageMyGrants')}">${user.name}</a>
<form method="post" action="${pagePath('Special:UserLogout')}"><input type="hidden" name="wpEditToken" value="${csrf}"><button class="quiet">Log out</button></form>`;
}
