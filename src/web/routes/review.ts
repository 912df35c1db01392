import {
  answerForReview,
  lastAnswer,
  nextForReview,
  pictureAhead,
  reviewView,
  type Said,
} from '../../core/faces/for-review.ts';
import { referencesOf } from '../../core/origins/references.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { personsOf } from '../../core/projects/persons.ts';
import { skipFaces } from '../../core/review/skips.ts';
import { undoAnswers } from '../../core/review/undo.ts';
import { requireActive } from '../access.ts';
import { addressOf, askedFields, readAsked } from '../asked.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, query, seeOther, toNumber } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { type ProjectHead, projectHead } from '../project-head.ts';
import type { RouteDeps } from './index.ts';

/** One question after the other, as forms: each answer is one request, and the same one again changes nothing. */
export function reviewRoutes(deps: RouteDeps): WebRouter {
  const { view, store, limits } = deps;
  const router = newRouter();

  router.get('/projects/:id/review', async (ctx) => {
    const account = requireActive(ctx);
    const project = await projectHead(deps, ctx);
    if (project.rights.role === null)
      throw new VisavisError('forbidden', ctx.state.t('web-error-members-only'));
    const args = { projectId: project.id, accountId: account.id };
    const question = await questionFor(ctx, project, args);
    const last = await lastAnswer(store, args);
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'review', {
      project,
      question,
      last,
      lastTitle: last ? await titleOf(last.faceIds[0] ?? 0) : null,
      persons: await personsOf(store.db, project.id),
      ahead: question ? await pictureAhead(store, project.id, question) : null,
      references: question
        ? await referencesOf(store, {
            projectId: project.id,
            person: question.person,
            sent: ctx.state.sentSources ?? [],
          })
        : [],
      itemPage: deps.itemPage,
      askedFields,
    });
  });

  router.post('/projects/:id/review', rateLimit(limits, 'answers'), async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    const asked = readAsked((name) => field(ctx, name));
    const given = field(ctx, 'answer');
    const said = readSaid(given);
    if (!asked || (said === null && given !== 'skip'))
      throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
    const args = { projectId, accountId: account.id };
    if (said !== null) await answerForReview(deps, { ...args, asked, said });
    else {
      const { person, faceIds } = asked;
      // Only what is there can be skipped: the core takes any number.
      if (!(await reviewView(store, projectId, asked)))
        throw new VisavisError('not_found', ctx.state.t('web-face-unknown'));
      await skipFaces(deps, { ...args, faces: faceIds.map((faceId) => ({ faceId, person })) });
    }
    seeOther(ctx, `/projects/${projectId}/review`);
  });

  router.post('/projects/:id/review/undo', rateLimit(limits, 'answers'), async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    const args = { projectId, accountId: account.id };
    const last = await lastAnswer(store, args);
    // The form names the answer, so that pressing twice does not take back two.
    const ballotId = toNumber(field(ctx, 'ballot'));
    const { answers } = await undoAnswers(deps, { ...args, count: 1, ballotId });
    const again = last && answers > 0 && last.ballotId === ballotId ? `?${addressOf(last)}` : '';
    seeOther(ctx, `/projects/${projectId}/review${again}`);
  });

  return router;

  /** The one that the address names, after an undo, or the next one. */
  async function questionFor(
    ctx: WebContext,
    project: ProjectHead,
    args: { projectId: number; accountId: number },
  ) {
    if (project.state !== 'active') return null;
    const named = readAsked((name) => query(ctx, name));
    const shown = named && (await reviewView(store, project.id, named));
    if (shown) return shown;
    const next = await nextForReview(store, args);
    return next && (await reviewView(store, project.id, next));
  }

  async function titleOf(faceId: number): Promise<string | null> {
    const row = await store.db
      .selectFrom('faces')
      .innerJoin('files', 'files.id', 'faces.file_id')
      .select('title')
      .where('faces.id', '=', faceId)
      .executeTakeFirst();
    return row?.title ?? null;
  }
}

function readSaid(text: string): Said | null {
  if (text === 'yes' || text === 'no' || text === 'unsure' || text === 'else') return text;
  const faceId = /^face-([1-9]\d{0,14})$/.exec(text)?.[1];
  return faceId === undefined ? null : { faceId: Number(faceId) };
}
