import { boxHistory } from '../../core/faces/box-history.ts';
import { pictureFaces, pictureFile } from '../../core/faces/picture.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { type ProjectOverview, projectOverview } from '../../core/projects/overview.ts';
import { personsOf } from '../../core/projects/persons.ts';
import { faceHistory, type HistoryEntry } from '../../core/review/history.ts';
import { ownAnswers } from '../../core/review/own.ts';
import { reopenVerdict } from '../../core/review/reopening.ts';
import type { Answer, VerdictValue } from '../../core/store/schema.ts';
import { type Rights, requireActive, rightsIn } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, seeOther } from '../form.ts';
import type { RouteDeps } from './index.ts';

interface PersonView {
  readonly person: string;
  readonly label: string;
  /** The reader's own answer, null for none; missing where the reader is no member. */
  readonly own?: Answer | null;
  readonly verdict: VerdictValue;
  /** The reader is an owner, and people have decided: it can be asked about again. */
  readonly canReopen: boolean;
  readonly answers: number;
  /** How many say what today; null while that is hidden. */
  readonly tally: Readonly<Record<Answer, number>> | null;
  /** Who said it, for members of the project and administrators alone; null while it is hidden, and for others. */
  readonly history: readonly HistoryEntry[] | null;
}

/** One face: its picture, and who said what about it. */
export function faceRoutes(deps: RouteDeps): WebRouter {
  const { view, store, crops } = deps;
  const router = newRouter();

  router.get('/faces/:id/crop.jpg', async (ctx) => {
    const crop = await crops.crop(idParam(ctx, 'id'));
    if (!crop) throw new VisavisError('not_found', ctx.state.t('web-face-no-picture'));
    ctx.type = crop.type;
    // Not for ever: a person or a file may be blocked, and its pictures must then go.
    ctx.set('Cache-Control', 'private, max-age=3600');
    ctx.body = Buffer.from(crop.bytes);
  });

  router.get('/faces/:id', async (ctx) => {
    const face = await faceById(ctx, idParam(ctx, 'id'));
    const projects: { overview: ProjectOverview; rights: Rights; persons: PersonView[] }[] = [];
    for (const projectId of await projectsOf(face.file_id)) {
      const overview = await projectOverview(store, projectId);
      if (!overview) continue;
      const rights = await rightsIn(deps, ctx, projectId);
      projects.push({ overview, rights, persons: await verdictsOf(ctx, overview, rights, face.id) });
    }
    // Its project is deleted, or its file blocked: then nobody sees what is still known of it.
    const home = projects.find(({ rights }) => rights.role !== null) ?? projects[0];
    if (!home) throw new VisavisError('not_found', ctx.state.t('web-face-unknown'));
    const isMember = home.rights.role !== null;
    const shown = projects.map(({ overview }) => overview.project.id);
    view.render(ctx, 'face', {
      face,
      projects,
      inProject: { ...home.overview.project, rights: home.rights },
      picture: await pictureOf(ctx, face, shown),
      withdrawIn: await withdrawIn(ctx, face, shown),
      boxes: isMember ? await boxHistory(store, face.id) : [],
    });
  });

  /** An owner has it asked about again. */
  router.post('/faces/:id/reopen', async (ctx) => {
    const account = requireActive(ctx);
    const faceId = idParam(ctx, 'id');
    const projectId = Number(field(ctx, 'project'));
    if (!Number.isSafeInteger(projectId)) throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
    await reopenVerdict(deps, { projectId, accountId: account.id, faceId, person: field(ctx, 'person') });
    seeOther(ctx, `/faces/${faceId}?done=reopened`);
  });

  return router;

  /** Nobody sees how others voted before there is a verdict; who they are, only members ever see. */
  async function verdictsOf(
    ctx: WebContext,
    overview: ProjectOverview,
    { role }: Rights,
    faceId: number,
  ): Promise<PersonView[]> {
    const projectId = overview.project.id;
    const { account } = ctx.state;
    const own =
      account && role
        ? await ownAnswers(store, { projectId, accountId: account.id, faceIds: [faceId] })
        : null;
    const history = await faceHistory(store, projectId, faceId);
    const verdicts = await store.db
      .selectFrom('verdicts')
      .select(['person', 'verdict', 'source'])
      .where('project_id', '=', projectId)
      .where('face_id', '=', faceId)
      .execute();
    return overview.persons.map(({ person, label }) => {
      const known = verdicts.find((row) => row.person === person);
      const verdict = known?.verdict ?? 'open';
      const entries = history.filter((entry) => entry.person === person);
      const answers = entries.filter((entry) => entry.kind === 'answered').length;
      const isHidden = verdict === 'open' && answers > 0;
      return {
        person,
        label,
        ...(own ? { own: own.get(`${faceId} ${person}`) ?? null } : {}),
        verdict,
        canReopen:
          role === 'owner' && known !== undefined && known.verdict !== 'open' && known.source !== 'bootstrap',
        answers,
        tally: isHidden ? null : tallyOf(entries),
        history: isHidden || role === null ? null : entries,
      };
    });
  }

  /** The whole picture; members of one of the projects may draw on it. null: it cannot be shown. */
  async function pictureOf(
    ctx: WebContext,
    face: { id: number; file_id: number; withdrawn_at: number | null },
    projectIds: readonly number[],
  ) {
    const roles = await Promise.all(projectIds.map((id) => rightsIn(deps, ctx, id)));
    const drawIn = projectIds.find((_, i) => roles[i]?.role !== null && !ctx.state.account?.blocked) ?? null;
    const projectId = drawIn ?? projectIds[0];
    if (projectId === undefined || face.withdrawn_at !== null) return null;
    const file = await pictureFile(store, projectId, face.file_id);
    if (!file) return null;
    const faces = await pictureFaces(store.db, file.id);
    return {
      file,
      drawIn,
      faces: faces.filter((one) => one.faceId === face.id),
      others: faces.filter((one) => one.faceId !== face.id).map((one) => one.box),
      persons: drawIn === null ? [] : await personsOf(store.db, drawIn),
    };
  }

  /** In which project the reader may withdraw the face; the core looks again. */
  async function withdrawIn(
    ctx: WebContext,
    face: { source: string; drawn_by: number | null; withdrawn_at: number | null },
    projectIds: readonly number[],
  ): Promise<number | null> {
    const { account } = ctx.state;
    if (!account || account.blocked || face.source !== 'drawn' || face.withdrawn_at !== null) return null;
    for (const id of projectIds) {
      const { role } = await rightsIn(deps, ctx, id);
      if (role === 'owner' || (role !== null && face.drawn_by === account.id)) return id;
    }
    return null;
  }

  async function faceById(ctx: WebContext, faceId: number) {
    const row = await store.db
      .selectFrom('faces')
      .innerJoin('files', 'files.id', 'faces.file_id')
      .select(['faces.id', 'faces.file_id', 'faces.source', 'files.title', 'files.page_url'])
      .select(['faces.box_number', 'faces.drawn_by', 'faces.withdrawn_at'])
      .select(['files.author', 'files.licence', 'files.licence_url'])
      .where('faces.id', '=', faceId)
      .executeTakeFirst();
    if (!row) throw new VisavisError('not_found', ctx.state.t('web-face-unknown'));
    return row;
  }

  async function projectsOf(fileId: number): Promise<number[]> {
    const rows = await store.db
      .selectFrom('project_files')
      .select('project_id')
      .where('file_id', '=', fileId)
      .orderBy('project_id')
      .execute();
    return rows.map((row) => row.project_id);
  }
}

/** The answers that stand. */
function tallyOf(entries: readonly HistoryEntry[]): Record<Answer, number> {
  const tally = { yes: 0, no: 0, unsure: 0 };
  for (const { stands, answer } of entries) if (stands && answer !== null) tally[answer]++;
  return tally;
}
