import type { Statement } from '../wiki/statements.ts';
import type { ProjectPlan } from './plan.ts';

/** The statement on the wiki that says that this file depicts the project's person; null when there is none. */
export function statementOf(plan: ProjectPlan, pageId: number): Statement | null {
  // Statements about a merged item name either id.
  const items = [plan.person?.item.id, plan.project.wikidata_qid.trim().toUpperCase()];
  const statements = plan.statements.get(pageId)?.statements ?? [];
  return statements.find(({ itemId }) => itemId !== null && items.includes(itemId)) ?? null;
}

export function isPageOf(plan: ProjectPlan, pageId: number): boolean {
  return statementOf(plan, pageId) !== null;
}
