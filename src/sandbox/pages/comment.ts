import { itemLabel } from '../entity/entities.ts';
import { PROPERTIES } from '../entity/properties.ts';
import { type Html, html } from '../html.ts';
import type { Store } from '../state/store.ts';
import { pagePath } from '../urls.ts';

/** What the machine part of a summary means. */
const AUTOMATIC: Record<string, string> = {
  'wbsetclaim-create': 'Added a statement',
  'wbsetclaim-update': 'Changed a statement',
  'wbcreateclaim-create': 'Created a statement',
  'wbremoveclaims-remove': 'Removed a statement',
};

/** An edit summary for people: labels for ids, links as links, and the edit group as a mark of its own. */
export function readableComment(store: Store, comment: string): Html {
  const [, name = '', rest] = /^\/\* (\w+-\w+)[^*]*\*\/ (.*)$/s.exec(comment) ?? [];
  if (rest === undefined) return html`${withLinks(store, comment)}`;
  return html`<span class="auto">${AUTOMATIC[name] ?? name}:</span> ${withLinks(store, rest)}`;
}

/** Id of the edit group that a summary names, if it does. */
export function editGroup(comment: string): string | undefined {
  return /editgroups-commons\/b\/CB\/([0-9a-f]{4,32})\|/.exec(comment)?.[1];
}

function withLinks(store: Store, text: string): Html[] {
  return text
    .split(/(\(?\[\[[^[\]]*\]\]\)?)/)
    .map((part) => (/\[\[[^[\]]*\]\]/.test(part) ? link(store, part) : html`${part}`));
}

function link(store: Store, part: string): Html {
  const group = editGroup(part);
  if (group !== undefined) return html`<span class="group">edit group ${group}</span>`;
  const [, target = '', text] = /\[\[([^|\]]*)(?:\|([^\]]*))?\]\]/.exec(part) ?? [];
  const before = part.startsWith('(') ? '(' : '';
  const after = part.endsWith(')') ? ')' : '';
  const property = PROPERTIES[target.replace('Property:', '')];
  if (target.startsWith('Property:') && property) return html`${before}${property.label}${after}`;
  const label = target.startsWith('Item:')
    ? itemLabel(store, target.slice('Item:'.length))
    : (text ?? target);
  if (target.startsWith(':')) return html`${before}${label}${after}`;
  return html`${before}<a href="${pagePath(target)}">${label}</a>${after}`;
}
