import { VisavisError } from '../core/platform/errors.ts';
import type { ProjectState } from '../core/store/schema.ts';
import { type Rights, rightsIn } from './access.ts';
import type { WebContext } from './context.ts';
import type { WebDeps } from './deps.ts';
import { idParam } from './form.ts';

/** What every page below a project shows of it. */
export interface ProjectHead {
  readonly id: number;
  readonly title: string;
  readonly state: ProjectState;
  readonly rights: Rights;
}

/** The project that the path names. @throws VisavisError `not_found` */
export async function projectHead(deps: WebDeps, ctx: WebContext): Promise<ProjectHead> {
  const project = await deps.store.db
    .selectFrom('projects')
    .select(['id', 'title', 'state'])
    .where('id', '=', idParam(ctx, 'id'))
    .executeTakeFirst();
  if (!project || project.state === 'deleted')
    throw new VisavisError('not_found', ctx.state.t('web-project-unknown'));
  return { ...project, rights: await rightsIn(deps, ctx, project.id) };
}
