import { listExclusions, setExclusions } from '../../core/catalog/exclusions.ts';
import { crawlCounts } from '../../core/catalog/pictures.ts';
import { adviseThreshold } from '../../core/faces/advice.ts';
import { askTheRest } from '../../core/faces/ask-rest.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { createChannelCode } from '../../core/projects/channel-codes.ts';
import { changeChannel } from '../../core/projects/channel-settings.ts';
import { unbindChannel } from '../../core/projects/channels.ts';
import { changeSettings, type ProjectSettings, projectSettings } from '../../core/projects/settings.ts';
import { deleteProject, setProjectState } from '../../core/projects/states.ts';
import { changeCare, pausedReason } from '../../core/review/care.ts';
import { mostFilesFor, requireActive } from '../access.ts';
import {
  botInvites,
  channelForm,
  type ListedChannel,
  projectChannels,
  readChannelForm,
  settingsFrom,
} from '../channels.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, linesOf, seeOther, ticked, toNumber } from '../form.ts';
import { projectHead } from '../project-head.ts';
import { orShow as orShowProblem } from '../refusals.ts';
import type { RouteDeps } from './index.ts';

const STATES = ['active', 'paused', 'completed'] as const;

/** What owners may change of a project. */
export function settingsRoutes(deps: RouteDeps): WebRouter {
  const { view, store, messages } = deps;
  const router = newRouter();
  const orShow = (ctx: WebContext, act: () => Promise<void>) =>
    orShowProblem(ctx, act, (problem) => show(ctx, problem));

  router.get('/projects/:id/settings', async (ctx) => {
    await show(ctx, null);
  });

  router.post('/projects/:id/settings', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    await orShow(ctx, async () => {
      const settings = readSettings(ctx);
      // The bot speaks what there are messages for.
      if (!messages.languages.includes(settings.language))
        throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
      await changeSettings(deps, { projectId, accountId: account.id, settings });
      seeOther(ctx, `/projects/${projectId}/settings?done=saved`);
    });
  });

  router.post('/projects/:id/care', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    await orShow(ctx, async () => {
      const { checkEvery, careful, pausePercent } = readCare(ctx);
      await changeCare(deps, {
        projectId,
        accountId: account.id,
        checkEvery: toNumber(checkEvery),
        careful,
        pausePercent: toNumber(pausePercent),
      });
      seeOther(ctx, `/projects/${projectId}/settings?done=saved`);
    });
  });

  router.post('/projects/:id/channel-codes', async (ctx) => {
    const account = requireActive(ctx);
    await orShow(ctx, async () => {
      const made = await createChannelCode(deps, { projectId: idParam(ctx, 'id'), accountId: account.id });
      // Shown here and never again: there is no address that could show it.
      await show(ctx, null, made);
    });
  });

  router.post('/projects/:id/channels/:channel', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    const channel = await channelOf(ctx, projectId);
    await orShow(ctx, async () => {
      const settings = settingsFrom(readChannelForm(ctx, channel.id));
      if (!settings) throw new VisavisError('bad_input', ctx.state.t('web-channel-quiet-wrong'));
      if (settings.language !== null && !messages.languages.includes(settings.language))
        throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
      await changeChannel(deps, { channelId: channel.id, projectId, accountId: account.id, settings });
      seeOther(ctx, `/projects/${projectId}/settings?done=saved#channels`);
    });
  });

  router.post('/projects/:id/channels/:channel/unbind', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    const { platform, externalId } = await channelOf(ctx, projectId);
    await unbindChannel(deps, { platform, externalId, accountId: account.id });
    seeOther(ctx, `/projects/${projectId}/settings?done=saved#channels`);
  });

  router.post('/projects/:id/state', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    const state = STATES.find((one) => one === field(ctx, 'state'));
    if (!state) throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
    await orShow(ctx, async () => {
      const acknowledges = ticked(ctx, 'acknowledged');
      await setProjectState(deps, { projectId, accountId: account.id, state, acknowledges });
      seeOther(ctx, `/projects/${projectId}/settings?done=state`);
    });
  });

  router.post('/projects/:id/exclusions', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    await orShow(ctx, async () => {
      await setExclusions(deps, projectId, account.id, linesOf(field(ctx, 'excluded')));
      seeOther(ctx, `/projects/${projectId}/settings?done=saved#category`);
    });
  });

  router.post('/projects/:id/ask-rest', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    await askTheRest(deps, { projectId, accountId: account.id });
    seeOther(ctx, `/projects/${projectId}`);
  });

  router.post('/projects/:id/delete', async (ctx) => {
    const account = requireActive(ctx);
    const projectId = idParam(ctx, 'id');
    await orShow(ctx, async () => {
      if (!ticked(ctx, 'sure')) throw new VisavisError('bad_input', ctx.state.t('web-settings-delete-tick'));
      await deleteProject(deps, { projectId, accountId: account.id });
      seeOther(ctx, '/projects?done=deleted');
    });
  });

  return router;

  async function channelOf(ctx: WebContext, projectId: number): Promise<ListedChannel> {
    const channels = await projectChannels(store, projectId);
    const channel = channels.find((one) => one.id === idParam(ctx, 'channel'));
    if (!channel) throw new VisavisError('not_found', ctx.state.t('web-channels-unknown'));
    return channel;
  }

  async function show(
    ctx: WebContext,
    problem: string | null,
    code: { code: string; expiresAt: number } | null = null,
  ): Promise<void> {
    requireActive(ctx);
    const project = await projectHead(deps, ctx);
    if (project.rights.role !== 'owner')
      throw new VisavisError('forbidden', ctx.state.t('web-error-owners-only'));
    const row = await store.db
      .selectFrom('projects')
      .select(['acknowledged_at', 'category', 'crawled_at', 'file_cap'])
      .select(['check_every', 'careful', 'pause_percent'])
      .where('id', '=', project.id)
      .executeTakeFirstOrThrow();
    // What was typed stays, with the reason above it.
    const typed = (path: string) => problem !== null && ctx.path.endsWith(path);
    const excluded = typed('/exclusions')
      ? field(ctx, 'excluded')
      : (await listExclusions(store, project.id)).join('\n');
    const counts = await crawlCounts(store, project.id);
    const { category, crawled_at: readAt, file_cap: cap } = row;
    view.render(ctx, 'settings', {
      project,
      problem,
      mostFiles: mostFilesFor(ctx),
      acknowledged: row.acknowledged_at !== null,
      paused: await pausedReason(store, project.id),
      crawl: { ...counts, category, readAt, cap, excluded },
      rules: typed('/settings') ? readForm(ctx) : formOf(await projectSettings(store, project.id)),
      care: typed('/care')
        ? readCare(ctx)
        : {
            checkEvery: String(row.check_every),
            careful: row.careful === 1,
            pausePercent: String(row.pause_percent),
          },
      advice: await adviseThreshold(store, project.id),
      channels: (await projectChannels(store, project.id)).map((channel) => {
        const open = typed(`/channels/${channel.id}`);
        return { channel, open, form: open ? readChannelForm(ctx, channel.id) : channelForm(channel) };
      }),
      invites: await botInvites(deps),
      code,
    });
  }
}

/** What the form holds, as it was typed. */
interface Form {
  readonly title: string;
  readonly language: string;
  readonly votesNeeded: string;
  readonly threshold: string;
  readonly minConfirmed: string;
  readonly depth: string;
  readonly fileCap: string;
  readonly open: boolean;
  readonly matching: boolean;
  readonly smallFaces: boolean;
}

function formOf(settings: Awaited<ReturnType<typeof projectSettings>>): Form | null {
  if (!settings) return null;
  const { votesNeeded, threshold, minConfirmed, depth, fileCap } = settings;
  return {
    ...settings,
    votesNeeded: String(votesNeeded),
    threshold: String(threshold),
    minConfirmed: String(minConfirmed),
    depth: String(depth),
    fileCap: String(fileCap),
  };
}

function readForm(ctx: WebContext): Form {
  const text = (name: string) => field(ctx, name).trim();
  return {
    title: text('title'),
    language: text('language'),
    votesNeeded: text('votesNeeded'),
    threshold: text('threshold'),
    minConfirmed: text('minConfirmed'),
    depth: text('depth'),
    fileCap: text('fileCap'),
    open: ticked(ctx, 'open'),
    matching: ticked(ctx, 'matching'),
    smallFaces: ticked(ctx, 'smallFaces'),
  };
}

function readSettings(ctx: WebContext): ProjectSettings {
  const { fileCap, ...form } = readForm(ctx);
  return {
    ...form,
    ...(fileCap === '' ? {} : { fileCap: toNumber(fileCap) }),
    votesNeeded: toNumber(form.votesNeeded),
    threshold: toNumber(form.threshold),
    minConfirmed: toNumber(form.minConfirmed),
    depth: toNumber(form.depth),
  };
}

function readCare(ctx: WebContext) {
  return {
    checkEvery: field(ctx, 'checkEvery').trim(),
    careful: ticked(ctx, 'careful'),
    pausePercent: field(ctx, 'pausePercent').trim(),
  };
}
