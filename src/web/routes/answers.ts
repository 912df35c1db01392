import { VisavisError } from '../../core/platform/errors.ts';
import { castBallot } from '../../core/review/votes.ts';
import type { Answer } from '../../core/store/schema.ts';
import { requireActive } from '../access.ts';
import { newRouter, type WebRouter } from '../context.ts';
import { field, idParam, seeOther } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { safePath } from '../safe-path.ts';
import type { RouteDeps } from './index.ts';

const ANSWERS = new Map<string, Answer | null>([
  ['yes', 'yes'],
  ['no', 'no'],
  ['unsure', 'unsure'],
  ['back', null],
]);

/** Answers given on the site: the same votes as in the chats. The same answer again changes nothing. */
export function answerRoutes(deps: RouteDeps): WebRouter {
  const router = newRouter();

  router.post('/faces/:id/answer', rateLimit(deps.limits, 'answers'), async (ctx) => {
    const account = requireActive(ctx);
    const answer = ANSWERS.get(field(ctx, 'answer'));
    const project = field(ctx, 'project');
    if (answer === undefined || !/^[1-9]\d{0,14}$/.test(project))
      throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
    await castBallot(deps, {
      projectId: Number(project),
      accountId: account.id,
      answers: [{ faceId: idParam(ctx, 'id'), person: field(ctx, 'person'), answer }],
      questionId: null,
      platform: 'web',
    });
    // Back to where the face is on the page.
    seeOther(ctx, `${safePath(field(ctx, 'next'))}#face-${idParam(ctx, 'id')}`);
  });

  return router;
}
