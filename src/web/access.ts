import type { Account } from '../core/accounts/accounts.ts';
import { VisavisError } from '../core/platform/errors.ts';
import { roleOf } from '../core/projects/members.ts';
import { ADMIN_FILE_CAP, FILE_CAP } from '../core/projects/settings.ts';
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

/** Whether the reader administrates this site. Every act is checked again where it happens. */
export function isAdmin(ctx: WebContext): boolean {
  return ctx.state.admin === true && ctx.state.account?.blocked === false;
}

/** How many files the reader may have a project take. */
export function mostFilesFor(ctx: WebContext): number {
  return isAdmin(ctx) ? ADMIN_FILE_CAP : FILE_CAP;
}

/** @throws VisavisError `not_signed_in` or `forbidden` */
export function requireAdmin(ctx: WebContext): Account {
  const account = requireActive(ctx);
  if (!isAdmin(ctx)) throw new VisavisError('forbidden', ctx.state.t('web-error-admins-only'));
  return account;
}

export interface Rights {
  /** Administrators of the site may do in every project what its owners may. */
  readonly role: 'owner' | 'member' | null;
  /** Preview, write, stop. */
  readonly canWrite: boolean;
}

/** What the reader may do in a project. Every act is checked again where it happens. */
export async function rightsIn(
  deps: Pick<WebDeps, 'store'>,
  ctx: WebContext,
  projectId: number,
): Promise<Rights> {
  const { account } = ctx.state;
  if (!account) return { role: null, canWrite: false };
  const role = isAdmin(ctx) ? 'owner' : await roleOf(deps.store, projectId, account.id);
  return { role, canWrite: !account.blocked && role !== null };
}

/** @throws VisavisError `not_signed_in` or `forbidden` */
export async function requireMember(deps: WebDeps, ctx: WebContext, projectId: number): Promise<Account> {
  const account = requireActive(ctx);
  const { canWrite } = await rightsIn(deps, ctx, projectId);
  if (!canWrite) throw new VisavisError('forbidden', ctx.state.t('web-error-members-only'));
  return account;
}
