import { isBoxWritten } from '../../core/depicts/boxes.ts';
import { checkedBox } from '../../core/faces/boxes.ts';
import type { Box } from '../../core/faces/detector.ts';
import { drawFace, redrawFace } from '../../core/faces/drawing.ts';
import { answerWithDrawn } from '../../core/faces/for-review.ts';
import { fileOfFace, pictureFaces, pictureFile } from '../../core/faces/picture.ts';
import { withdrawFace } from '../../core/faces/withdrawing.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import type { Translator } from '../../core/platform/messages.ts';
import { wordsOf } from '../../core/platform/words.ts';
import { personsOf } from '../../core/projects/persons.ts';
import { requireActive } from '../access.ts';
import { addressOf, askedFields, readAsked } from '../asked.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, query, seeOther, toNumber } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { projectHead } from '../project-head.ts';
import { orShow } from '../refusals.ts';
import type { RouteDeps } from './index.ts';

/** Names of the fields, in the order of a box; in per cent of the picture. */
const SIDES = ['x', 'y', 'w', 'h'] as const;
/** A question shows no more faces. */
const MOST_FACES = 9;

/**
 * Boxes that people draw. The page of a picture works as plain forms: numbers, a look at the box in the picture, keep.
 * With JavaScript the same form is filled in by drawing, here and on the pages of a question and of a face.
 */
export function boxRoutes(deps: RouteDeps): WebRouter {
  const { view, store, limits } = deps;
  const router = newRouter();

  router.get('/projects/:id/files/:file', (ctx) => show(ctx, (name) => query(ctx, name)));

  router.post('/projects/:id/files/:file/boxes', rateLimit(limits, 'boxes'), async (ctx) => {
    requireActive(ctx);
    const read = (name: string) => field(ctx, name);
    await orShow(
      ctx,
      async () => {
        const address = field(ctx, 'face') === '' ? await draw(ctx) : await redraw(ctx);
        seeOther(ctx, address);
      },
      (problem) => show(ctx, read, problem),
    );
  });

  router.post('/faces/:id/withdraw', rateLimit(limits, 'boxes'), async (ctx) => {
    const account = requireActive(ctx);
    const faceId = idParam(ctx, 'id');
    const projectId = toId(field(ctx, 'project'));
    await withdrawFace(deps, { projectId, accountId: account.id, faceId });
    seeOther(ctx, `/faces/${faceId}?done=withdrawn`);
  });

  return router;

  /** @returns where to go on */
  async function draw(ctx: WebContext): Promise<string> {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    const who = { projectId, accountId: account.id };
    const person = field(ctx, 'person');
    const asked = readAsked((name) => field(ctx, `asked-${name}`));
    const { faceId, isNew } = await drawFace(deps, {
      ...who,
      fileId: idParam(ctx, 'file'),
      sha1: field(ctx, 'version'),
      box: boxOf((name) => field(ctx, name)),
    });
    if (person !== '') await answerWithDrawn(deps, { ...who, faceId, person, asked });
    if (!asked) return `/faces/${faceId}?done=${isNew ? 'drawn' : 'drawn-before'}`;
    const review = `/projects/${projectId}/review`;
    if (person === asked.person) return review;
    if (person !== '' || asked.faceIds.includes(faceId)) return `${review}?${addressOf(asked)}`;
    // Nothing was said about it yet: it is one of those asked about now.
    const faceIds = asked.faceIds.length < MOST_FACES ? [...asked.faceIds, faceId] : [faceId];
    return `${review}?${addressOf({ questionId: null, person: asked.person, faceIds })}`;
  }

  /** @returns where to go on */
  async function redraw(ctx: WebContext): Promise<string> {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    const faceId = toId(field(ctx, 'face'));
    if ((await fileOfFace(store, faceId)) !== idParam(ctx, 'file'))
      throw new VisavisError('not_found', ctx.state.t('web-face-unknown'));
    await redrawFace(deps, {
      projectId,
      accountId: account.id,
      faceId,
      sha1: field(ctx, 'version'),
      box: boxOf((name) => field(ctx, name)),
    });
    const asked = readAsked((name) => field(ctx, `asked-${name}`));
    if (asked) return `/projects/${projectId}/review?${addressOf(asked)}`;
    const isWritten = await isBoxWritten(store, projectId, faceId);
    return `/faces/${faceId}?done=${isWritten ? 'redrawn-written' : 'redrawn'}`;
  }

  /** The picture with its boxes, and the one that the numbers name. */
  async function show(ctx: WebContext, read: (name: string) => string, problem?: string): Promise<void> {
    requireActive(ctx);
    const project = await projectHead(deps, ctx);
    if (project.rights.role === null)
      throw new VisavisError('forbidden', ctx.state.t('web-error-members-only'));
    const file = await pictureFile(store, project.id, idParam(ctx, 'file'));
    if (!file) throw new VisavisError('not_found', ctx.state.t('web-boxes-unknown'));
    const faces = await pictureFaces(store.db, file.id);
    const face = faces.find((one) => String(one.faceId) === read('face')) ?? null;
    const given = SIDES.some((name) => read(name) !== '');
    const looked = given ? lookAt(ctx.state.t, boxOf(read), file) : null;
    const asked = readAsked((name) => read(`asked-${name}`));
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'boxes', {
      project,
      file,
      faces,
      face,
      asked,
      askedFields,
      addressOf,
      person: given ? read('person') : (asked?.person ?? ''),
      persons: await personsOf(store.db, project.id),
      numbers: SIDES.map((name, i) => (given ? read(name) : toPercent(face?.box[i]))),
      draft: looked?.box ?? null,
      problem: problem ?? looked?.problem ?? null,
    });
  }
}

/** The box in fractions; what is no number becomes NaN, and the core says so. */
function boxOf(read: (name: string) => string): Box {
  return SIDES.map((name) => toNumber(read(name).trim()) / 100) as unknown as Box;
}

function toPercent(fraction: number | undefined): string {
  return fraction === undefined ? '' : String(Math.round(fraction * 1e4) / 100);
}

function lookAt(
  t: Translator,
  box: Box,
  file: { width: number; height: number },
): { box: Box | null; problem?: string } {
  try {
    return { box: checkedBox(box, file) };
  } catch (error) {
    if (error instanceof VisavisError) return { box: null, problem: wordsOf(t, error) };
    throw error;
  }
}

/** 0 names nothing. */
function toId(text: string): number {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
}
