import type { ExpressionBuilder } from 'kysely';
import type { Schema } from '../store/schema.ts';

/** Files, matches and statements on the wiki of each project, as columns of a query over `projects`. */
export function projectCounts(eb: ExpressionBuilder<Schema, 'projects'>) {
  return [
    eb
      .selectFrom('project_files')
      .select((q) => q.fn.countAll<number>().as('n'))
      .whereRef('project_files.project_id', '=', 'projects.id')
      .as('files'),
    eb
      .selectFrom('verdicts')
      .select((q) => q.fn.countAll<number>().as('n'))
      .whereRef('verdicts.project_id', '=', 'projects.id')
      .where('verdict', '=', 'match')
      .as('matches'),
    eb
      .selectFrom('sdc_claims')
      .select((q) => q.fn.countAll<number>().as('n'))
      .whereRef('sdc_claims.project_id', '=', 'projects.id')
      .where('sdc_claims.state', '=', 'written')
      .as('written'),
  ] as const;
}
