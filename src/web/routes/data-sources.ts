import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { type Act, DAYS, readAct, USUAL_DAYS } from '../../core/origins/acts.ts';
import { allowedOrigins } from '../../core/origins/administration.ts';
import {
  type Approval,
  approveWithLogin,
  beginApproval,
  openApproval,
} from '../../core/origins/approvals.ts';
import { type OriginDeps, ownOrigins } from '../../core/origins/deps.ts';
import { mySources, pauseSource, performApproved, removeSource } from '../../core/origins/my-sources.ts';
import { dismissNotice } from '../../core/origins/notices.ts';
import { pagePolicy } from '../../core/origins/page-policy.ts';
import { type Note, parseOrigin, shownOrigin } from '../../core/origins/parse.ts';
import {
  approvalOptions,
  approveWithPasskey,
  enrolmentOptions,
  finishEnrolment,
  passkeysOf,
  removePasskey,
} from '../../core/origins/passkeys.ts';
import { cancelPending } from '../../core/origins/pending.ts';
import { HEADER_BUDGET, OPT_IN_BUDGET } from '../../core/origins/policy.ts';
import { readSite } from '../../core/origins/site.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { requireAccount, requireActive } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, query, seeOther } from '../form.ts';
import { originDeps } from '../middleware/data-sources.ts';
import { orShow } from '../refusals.ts';
import { safePath } from '../safe-path.ts';
import type { RouteDeps } from './index.ts';

/** What can still be seen of an origin in the form in which it is kept. */
const TOLD: readonly Note[] = ['websocket_alone', 'exact_path', 'old_toolforge'];

/** One's own origins that data may come from: list, header, and every act that narrows or widens it. */
export function dataSourceRoutes(deps: RouteDeps): WebRouter {
  const { view, store, clock } = deps;
  const origins = originDeps(deps);
  const router = newRouter();

  router.get('/data-sources', (ctx) => show(ctx, null));

  router.post('/data-sources/begin', async (ctx) => {
    const account = requireActive(ctx);
    await orShow(
      ctx,
      async () => {
        const approval = await beginApproval(origins, {
          accountId: account.id,
          act: actOf(ctx),
          // A passkey is the stronger way; whoever cannot use it here signs in.
          method: field(ctx, 'method') !== 'login' && (await hasPasskey(account.id)) ? 'passkey' : 'login',
        });
        seeOther(ctx, `/data-sources/confirm/${approval.id}`);
      },
      (problem) => show(ctx, problem),
    );
  });

  router.get('/data-sources/confirm/:id', async (ctx) => {
    const account = requireAccount(ctx);
    ctx.set('Cache-Control', 'no-store');
    const approval = await openApproval(origins, store.db, { accountId: account.id, id: idParam(ctx, 'id') });
    view.render(ctx, 'data-source-confirm', {
      approval,
      act: approval.act,
      step: stepOf(ctx, approval),
      told: approval.act.action === 'enrol' ? [] : await toldAbout(approval.act.origin),
      options: await passkeyOptions(approval, account.id),
      passkeyHours: await passkeyHours(),
      module: 'passkey.js',
    });
  });

  // A form, so that no link of somebody else's signs a person out. What comes after is a sign-in as any other.
  router.post('/data-sources/confirm/:id/sign-in', async (ctx) => {
    const account = requireAccount(ctx);
    const { id } = await openApproval(origins, store.db, { accountId: account.id, id: idParam(ctx, 'id') });
    ctx.state.session.end();
    seeOther(ctx, `/sign-in?next=${encodeURIComponent(`/data-sources/confirm/${id}`)}`);
  });

  router.post('/data-sources/confirm/:id/finish', async (ctx) => {
    const account = requireActive(ctx);
    const args = { accountId: account.id, id: idParam(ctx, 'id') };
    await orShow(
      ctx,
      async () => {
        const { act } = await openApproval(origins, store.db, args);
        await approveWithLogin(origins, { ...args, signedInAt: signedInAt(ctx) });
        if (act.action === 'enrol') return seeOther(ctx, `/data-sources/confirm/${args.id}`);
        await performApproved(origins, args);
        seeOther(ctx, '/data-sources');
      },
      (problem) => show(ctx, problem),
    );
  });

  router.post('/data-sources/confirm/:id/passkey', async (ctx) => {
    const account = requireActive(ctx);
    const args = { accountId: account.id, id: idParam(ctx, 'id') };
    await orShow(
      ctx,
      async () => {
        const { act } = await openApproval(origins, store.db, args);
        const response = answerOf(ctx);
        if (act.action === 'enrol') {
          await finishEnrolment(origins, { ...args, response: response as RegistrationResponseJSON });
        } else {
          await approveWithPasskey(origins, { ...args, response: response as AuthenticationResponseJSON });
          await performApproved(origins, args);
        }
        seeOther(ctx, '/data-sources?done=saved');
      },
      (problem) => show(ctx, problem),
    );
  });

  router.post('/data-sources/passkeys/begin', async (ctx) => {
    const account = requireActive(ctx);
    const act: Act = { action: 'enrol', name: field(ctx, 'name').trim().slice(0, 100) || 'Passkey' };
    const { id } = await beginApproval(origins, { accountId: account.id, act, method: 'login' });
    seeOther(ctx, `/data-sources/confirm/${id}`);
  });

  narrowing('passkeys/:id/remove', removePasskey);
  narrowing('pause', pauseSource);
  narrowing('remove', removeSource);
  narrowing('pending/:id/cancel', cancelPending);

  router.post('/data-sources/notices/:id/dismiss', async (ctx) => {
    const account = requireAccount(ctx);
    await dismissNotice(deps, { accountId: account.id, id: idParam(ctx, 'id'), now: clock.now() });
    seeOther(ctx, safePath(field(ctx, 'next') || '/data-sources'));
  });

  return router;

  /** An act that only takes something away: nobody has to confirm it. */
  function narrowing(
    path: string,
    act: (deps: OriginDeps, args: { accountId: number; id: number; value: string }) => Promise<void>,
  ): void {
    router.post(`/data-sources/${path}`, async (ctx) => {
      const { id: accountId } = requireAccount(ctx);
      await act(origins, { accountId, id: idParam(ctx, 'id'), value: field(ctx, 'origin') });
      seeOther(ctx, '/data-sources?done=saved');
    });
  }

  /** How long a new one waits, by the setting of the site. */
  async function passkeyHours(): Promise<number> {
    const { choices } = await readSite(store.db, ownOrigins(deps));
    return choices.passkeyWaitMs / HOUR_MS;
  }

  async function hasPasskey(accountId: number): Promise<boolean> {
    const passkeys = await passkeysOf(store, accountId);
    return passkeys.some((passkey) => passkey.usableFrom <= clock.now());
  }

  /** What should be known of an origin before it is confirmed: keys of messages, and how it reads in letters. */
  async function toldAbout(origin: string): Promise<[key: string, shown: string][]> {
    const parsed = parseOrigin(origin, (await readSite(store.db, ownOrigins(deps))).rules);
    if (!parsed.ok) return [];
    const shown = shownOrigin(parsed);
    const notes: string[] = parsed.notes.filter((note) => TOLD.includes(note));
    if (parsed.path.endsWith('/')) notes.push('prefix_path');
    if (shown !== parsed.value) notes.push('shown');
    return notes.map((note) => [`web-sources-told-${note}`, shown]);
  }

  /** What the browser's passkeys are asked; null: not their turn. */
  async function passkeyOptions(approval: Approval, accountId: number): Promise<string | null> {
    const args = { accountId, id: approval.id };
    if (approval.act.action === 'enrol')
      return approval.approved ? JSON.stringify(await enrolmentOptions(origins, args)) : null;
    return approval.method === 'passkey' ? JSON.stringify(await approvalOptions(origins, args)) : null;
  }

  async function show(ctx: WebContext, problem: string | null): Promise<void> {
    const account = requireAccount(ctx);
    ctx.set('Cache-Control', 'no-store');
    const page = { accountId: account.id, kind: 'ordinary', projectId: null } as const;
    const sources = await mySources(origins, account.id);
    const values = sources.entries.map((entry) => entry.value);
    const allowed = await allowedOrigins(store);
    const { headers } = await pagePolicy({ ...origins, log: ctx.state.log }, page);
    view.render(ctx, 'data-sources', {
      ...sources,
      headers,
      suggested: allowed.filter(({ origin }) => !values.includes(origin)),
      passkeys: await passkeysOf(store, account.id),
      passkeyHours: await passkeyHours(),
      now: clock.now(),
      budget: { header: HEADER_BUDGET, optIns: OPT_IN_BUDGET },
      days: DAYS,
      usualDays: USUAL_DAYS,
      problem,
      form:
        problem === null
          ? // A link from a placeholder, a report or a suggestion. It fills the form in, no more.
            { origin: query(ctx, 'origin').slice(0, 512), note: '' }
          : { origin: field(ctx, 'origin'), note: field(ctx, 'note') },
    });
  }
}

const HOUR_MS = 60 * 60_000;

/** What the form asks for; the core says what is wrong with it. */
function actOf(ctx: WebContext): Act {
  const origin = field(ctx, 'origin');
  const days = Number(field(ctx, 'days'));
  const note = field(ctx, 'note').trim();
  switch (field(ctx, 'action')) {
    case 'resume':
      return readAct({ action: 'resume', origin });
    case 'renew':
      return readAct({ action: 'renew', origin, days });
    case 'edit':
      return readAct({ action: 'edit', from: field(ctx, 'from'), origin, days, note });
    default:
      return readAct({ action: 'add', origin, days, note });
  }
}

/** What the person does next on the page that confirms. */
function stepOf(ctx: WebContext, approval: Approval): 'passkey' | 'enrol' | 'sign-in' | 'finish' {
  if (approval.method === 'passkey') return 'passkey';
  if (approval.act.action === 'enrol' && approval.approved) return 'enrol';
  return signedInAt(ctx) > approval.createdAt ? 'finish' : 'sign-in';
}

/** What the authenticator said, still to be checked. @throws VisavisError `bad_input` */
function answerOf(ctx: WebContext): object {
  try {
    const answer: unknown = JSON.parse(field(ctx, 'response'));
    if (typeof answer === 'object' && answer !== null) return answer;
  } catch {
    // Said below.
  }
  throw new VisavisError('bad_input', ctx.state.t('web-sources-passkey-failed'));
}

function signedInAt(ctx: WebContext): number {
  return ctx.state.session.data.signedInAt ?? 0;
}
