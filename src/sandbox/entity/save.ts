import type { Page } from '../state/pages.ts';
import type { Store } from '../state/store.ts';
import { entityJson, indexStatements } from './entities.ts';
import type { Snak, Statements } from './statements.ts';

export interface Edit {
  page: Page;
  statements: Statements;
  user: { id: number; name: string };
  /** Whole summary: what the wiki writes by itself, then the writer's own text. */
  summary: string;
  tags: string[];
  at: number;
}

/** Makes the revision, in one step with everything that follows from it. Answers its id. */
export function saveStatements(store: Store, edit: Edit): number {
  return store.db.transaction(() => {
    const revision = store.pages.addRevision(edit.page.id, {
      user: edit.user,
      at: edit.at,
      comment: edit.summary,
      tags: edit.tags,
      entity: entityJson(edit.page, edit.statements),
    });
    indexStatements(store, edit.page.id, edit.statements);
    if (edit.user.id > 0) store.users.countEdit(edit.user.id);
    return revision;
  });
}

/**
 * The automatic part in comment marks, the property, the value, then the writer's own text: as in
 * `[[Property:P180]]: [[Item:Q2]], own text` after `wbsetclaim-create:2||1`. Cut at 500 characters.
 */
export function editSummary(automatic: string, snak: Snak, own: string): string {
  const whole = `/* ${automatic} */ [[Property:${snak.property}]]: ${valueText(snak)}${own && `, ${own}`}`;
  const letters = [...whole];
  return letters.length <= 500 ? whole : `${letters.slice(0, 497).join('')}...`;
}

function valueText(snak: Snak): string {
  if (snak.snaktype === 'somevalue') return 'unknown value';
  if (snak.snaktype === 'novalue') return 'no value';
  const value = snak.datavalue?.value;
  if (typeof value === 'object' && value !== null && 'id' in value) return `[[Item:${String(value.id)}]]`;
  return String(value);
}
