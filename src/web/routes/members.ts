import { VisavisError } from '../../core/platform/errors.ts';
import { createInvitation, listInvitations, revokeInvitation } from '../../core/projects/invitations.ts';
import { changeRole, leaveProject, listMembers, removeMember } from '../../core/projects/members.ts';
import { agreementFigures } from '../../core/review/agreement.ts';
import { banMember, recountWithout, unbanMember } from '../../core/review/bans.ts';
import { liftProbation } from '../../core/review/care.ts';
import { undoMemberAnswers } from '../../core/review/undo.ts';
import { requireActive } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, seeOther, ticked } from '../form.ts';
import { projectHead } from '../project-head.ts';
import { orShow } from '../refusals.ts';
import type { RouteDeps } from './index.ts';

interface MemberArgs {
  readonly projectId: number;
  readonly memberId: number;
  readonly accountId: number;
}

/** Who takes part in a project: roles, invitations, and the way out. */
export function memberRoutes(deps: RouteDeps): WebRouter {
  const { view, store, publicUrl } = deps;
  const router = newRouter();

  router.get('/projects/:id/members', async (ctx) => {
    await show(ctx, {});
  });

  router.post('/projects/:id/invitations', async (ctx) => {
    const account = requireActive(ctx);
    await orShow(
      ctx,
      async () => {
        const made = await createInvitation(deps, { projectId: idParam(ctx, 'id'), accountId: account.id });
        // Shown here and never again: there is no address that could show it.
        await show(ctx, { made: { ...made, link: `${publicUrl}/join/${made.code}` } });
      },
      (problem) => show(ctx, { problem }),
    );
  });

  router.post('/projects/:id/invitations/:invitation/revoke', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    const invitationId = idParam(ctx, 'invitation');
    await revokeInvitation(deps, { projectId, invitationId, accountId: account.id });
    seeOther(ctx, `/projects/${projectId}/members?done=revoked`);
  });

  router.post('/projects/:id/leave', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    await orShow(
      ctx,
      async () => {
        await leaveProject(deps, { projectId, accountId: account.id });
        seeOther(ctx, `/projects/${projectId}?done=left`);
      },
      (problem) => show(ctx, { problem }),
    );
  });

  const acts: Readonly<Record<string, (ctx: WebContext, args: MemberArgs) => Promise<unknown>>> = {
    role: (ctx, args) => changeRole(deps, { ...args, role: roleField(ctx) }),
    remove: (_ctx, args) => removeMember(deps, args),
    ban: (ctx, args) => banMember(deps, { ...args, recount: ticked(ctx, 'recount') }),
    unban: (_ctx, args) => unbanMember(deps, args),
    recount: (_ctx, args) => recountWithout(deps, args),
    'end-probation': (_ctx, args) => liftProbation(deps, args),
    undo: (ctx, args) =>
      undoMemberAnswers(deps, { ...args, since: deps.clock.now() - hoursField(ctx) * HOUR_MS }),
  };
  for (const [name, act] of Object.entries(acts)) {
    router.post(`/projects/:id/members/:member/${name}`, async (ctx) => {
      const account = requireActive(ctx);
      const projectId = idParam(ctx, 'id');
      const memberId = idParam(ctx, 'member');
      await orShow(
        ctx,
        async () => {
          await act(ctx, { projectId, memberId, accountId: account.id });
          seeOther(ctx, `/projects/${projectId}/members?done=member-changed`);
        },
        (problem) => show(ctx, { problem }),
      );
    });
  }

  return router;

  async function show(
    ctx: WebContext,
    said: { problem?: string; made?: { code: string; link: string; expiresAt: number } },
  ): Promise<void> {
    const project = await projectHead(deps, ctx);
    const { account } = ctx.state;
    const isOwner = account !== null && !account.blocked && project.rights.role === 'owner';
    const figures = isOwner
      ? await agreementFigures(store, { projectId: project.id, accountId: account.id })
      : [];
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'members', {
      project,
      isOwner,
      members: await listMembers(store, project.id),
      figures: new Map(figures.map((figure) => [figure.accountId, figure])),
      invitations: isOwner ? await listInvitations(deps, project.id) : [],
      made: said.made ?? null,
      problem: said.problem ?? null,
    });
  }
}

const HOUR_MS = 60 * 60_000;

/** How far back; a year is everything. */
function hoursField(ctx: WebContext): number {
  const hours = Number(field(ctx, 'hours'));
  if (![1, 24, 168, 8760].includes(hours)) throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
  return hours;
}

function roleField(ctx: WebContext): 'owner' | 'member' {
  const role = field(ctx, 'role');
  if (role !== 'owner' && role !== 'member')
    throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
  return role;
}
