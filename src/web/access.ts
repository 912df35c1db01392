import type { Account } from '../core/accounts/accounts.ts';
import { VisavisError } from '../core/platform/errors.ts';
import { roleOf } from '../core/projects/members.ts';
import type { WebContext } from './context.ts';
import type { WebDeps } from './deps.ts';

/** Who is signed in. @throws VisavisError `not_signed_in` */
export function requireAccount(ctx: WebContext): Account {
  if (!ctx.state.account) throw new VisavisError('not_signed_in', ctx.state.t('web-error-not-signed-in'));
  return ctx.state.account;
}

/** As `requireAccount`, for whatever changes something: a blocked account may look, no more. */
export function requireActive(ctx: WebContext): Account {
  const account = requireAccount(ctx);
  if (account.blocked) throw new VisavisError('forbidden', ctx.state.t('web-error-blocked'));
  return account;
}

export function isAdmin(deps: Pick<WebDeps, 'admins'>, account: Account | null): boolean {
  return account !== null && !account.blocked && deps.admins.includes(account.username);
}

export interface Rights {
  readonly role: 'owner' | 'member' | null;
  /** Preview, write, stop. */
  readonly canWrite: boolean;
}

/** What the reader may do in a project. Every act is checked again where it happens. */
export async function rightsIn(deps: WebDeps, ctx: WebContext, projectId: number): Promise<Rights> {
  const { account } = ctx.state;
  if (!account) return { role: null, canWrite: false };
  const role = await roleOf(deps.store, projectId, account.id);
  return { role, canWrite: !account.blocked && (role !== null || isAdmin(deps, account)) };
}

/** @throws VisavisError `not_signed_in` or `forbidden` */
export async function requireMember(deps: WebDeps, ctx: WebContext, projectId: number): Promise<Account> {
  const account = requireActive(ctx);
  const { canWrite } = await rightsIn(deps, ctx, projectId);
  if (!canWrite) throw new VisavisError('forbidden', ctx.state.t('web-error-members-only'));
  return account;
}
