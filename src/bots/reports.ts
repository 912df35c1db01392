import { type RunView, runById } from '../core/depicts/history.ts';
import { ACTIVE } from '../core/depicts/runs.ts';
import { describeError } from '../core/platform/errors.ts';
import { reasonWords } from '../core/platform/reasons.ts';
import type { Translate } from './cards.ts';
import type { Card, Chat, ChatHandlers } from './chat.ts';
import type { DeskDeps } from './desk.ts';
import { readStopsBelow, STOP } from './inbox.ts';

/** A run without a message is shown after so long; until then the answer to the command may be on its way. */
const SHOW_AFTER_MS = 60_000;

/**
 * Shows how runs get on that were started in this chat: by editing one message, and a new message that mentions
 * the person at the end.
 * @returns false: there is never more to do at once
 */
export async function reportRuns(deps: DeskDeps, chat: Chat): Promise<boolean> {
  const rows = await deps.store.db
    .selectFrom('runs')
    .innerJoin('channels', 'channels.id', 'runs.channel_id')
    .innerJoin('projects', 'projects.id', 'runs.project_id')
    .select([
      'runs.id',
      'runs.account_id',
      'runs.message_id',
      'runs.reported',
      'channels.external_id as channel',
    ])
    .select((eb) => eb.fn.coalesce('channels.language', 'projects.language').as('language'))
    .where('channels.platform', '=', chat.platform)
    .where((eb) =>
      eb.or([
        eb('runs.message_id', 'is not', null),
        // Whoever started it ended before it could say so.
        eb('runs.created_at', '<=', deps.clock.now() - SHOW_AFTER_MS),
      ]),
    )
    .where((eb) => eb.or([eb('runs.reported', 'is', null), eb('runs.reported', 'not like', 'end %')]))
    .execute();
  for (const row of rows) {
    const run = await runById(deps.store, row.id);
    if (!run) continue;
    const t = deps.translate(row.language);
    const over = isOver(run);
    const reported = `${over ? 'end' : 'on'} ${progressText(t, run)}`;
    if (reported === row.reported) continue;
    try {
      if (row.message_id !== null)
        await showProgress(deps, chat, { ...row, messageId: row.message_id }, run, t);
      else if (!over) {
        const messageId = await chat.post(row.channel, runCard(deps, t, run), `run-${run.id}`);
        await follow(deps, chat, { runId: run.id, channelId: row.channel, messageId });
      }
      if (over) {
        const mentions = await identityOf(deps, chat, row.account_id);
        await chat.post(row.channel, { ...runCard(deps, t, run), mentions }, `run-${run.id}-end`);
      }
      await deps.store.db.updateTable('runs').set({ reported }).where('id', '=', run.id).execute();
    } catch (error) {
      deps.log.warn({ run: run.id, error: describeError(error) }, 'a run could not be reported; again later');
    }
  }
  return false;
}

async function showProgress(
  deps: DeskDeps,
  chat: Chat,
  { channel, messageId }: { readonly channel: string; readonly messageId: string },
  run: RunView,
  t: Translate,
): Promise<void> {
  await chat.edit(channel, messageId, runCard(deps, t, run)).catch((error: unknown) => {
    // The message may have been deleted. The end is told all the same, in a message of its own.
    deps.log.warn({ run: run.id, error: describeError(error) }, 'progress could not be shown');
  });
  if (!isOver(run)) return;
  // There is nothing to stop any more.
  await chat.unseed(channel, messageId, [STOP]).catch((error: unknown) => {
    deps.log.info({ run: run.id, error: describeError(error) }, '🛑 could not be taken away');
  });
}

/**
 * The message shows the run's progress from now on; 🛑 below it stops the run.
 * @param message.channelId null: said to one person alone, where nobody can react
 */
export async function follow(
  deps: DeskDeps,
  chat: Chat,
  message: { readonly runId: number; readonly channelId: string | null; readonly messageId: string },
): Promise<void> {
  const { runId, channelId, messageId } = message;
  await deps.store.db.updateTable('runs').set({ message_id: messageId }).where('id', '=', runId).execute();
  if (channelId === null) return;
  await chat.seed(channelId, messageId, [STOP]);
  await readStopsBelow(deps, chat, { runId, channelId, messageId });
  // It may have been quicker than we.
  const now = await runById(deps.store, runId);
  if (now && isOver(now)) await chat.unseed(channelId, messageId, [STOP]);
}

/**
 * 🛑 that people left below the progress of a run while nobody looked is told to the desk, as is every other reaction
 * there.
 * @returns whether all could be read
 */
export async function readStops(
  { store, log }: DeskDeps,
  chat: Chat,
  handlers: ChatHandlers,
): Promise<boolean> {
  const rows = await store.db
    .selectFrom('runs')
    .innerJoin('channels', 'channels.id', 'runs.channel_id')
    .select(['runs.id', 'runs.message_id', 'channels.external_id as channelId'])
    .where('channels.platform', '=', chat.platform)
    .where('runs.state', 'in', ACTIVE)
    .where('runs.stop_requested_at', 'is', null)
    .execute();
  let complete = true;
  for (const { id, message_id: messageId, channelId } of rows) {
    if (messageId === null) continue;
    try {
      for (const { user, emoji } of (await chat.reactions(channelId, messageId)) ?? [])
        await handlers.onReaction({ channelId, messageId, user, emoji, change: 'added' });
    } catch (error) {
      complete = false;
      log.warn(
        { run: id, error: describeError(error) },
        'whether a run shall stop could not be read; again later',
      );
    }
  }
  return complete;
}

/** Progress or outcome of a run. */
export function runCard(deps: Pick<DeskDeps, 'publicUrl'>, t: Translate, run: RunView): Card {
  return {
    title: t(`bot-run-${run.kind}-title`, run.id, run.username ?? ''),
    text: [progressText(t, run), ...(run.reason === null ? [] : [reasonWords(t, run.reason)])].join('\n'),
    links: [{ text: t('bot-link-run'), url: `${deps.publicUrl}/projects/${run.projectId}/runs/${run.id}` }],
  };
}

function progressText(t: Translate, run: RunView): string {
  const count = (state: keyof RunView['counts']) => run.counts[state] ?? 0;
  const total = Object.values(run.counts).reduce((sum, n) => sum + n, 0);
  const done = run.kind === 'write' ? count('written') + count('present') : count('removed');
  const parts = [t(`bot-run-state-${run.stopRequested && !isOver(run) ? 'stopping' : run.state}`)];
  // What a run did not get to has left the ledger, so how much it was to be is not known any more.
  const endedEarly = run.kind === 'write' && (run.state === 'stopped' || run.state === 'failed');
  parts.push(endedEarly ? t('bot-run-write-ended', done) : t(`bot-run-${run.kind}-progress`, done, total));
  if (run.kind === 'write' && count('present') > 0) parts.push(t('bot-run-present', count('present')));
  if (count('failed') > 0) parts.push(t('bot-run-failed', count('failed')));
  return parts.join(' · ');
}

/** Nothing changes any more. */
export function isOver(run: RunView): boolean {
  return run.state === 'done' || run.state === 'stopped' || run.state === 'failed';
}

async function identityOf({ store }: DeskDeps, chat: Chat, accountId: number): Promise<string[]> {
  const rows = await store.db
    .selectFrom('identities')
    .select('external_id')
    .where('platform', '=', chat.platform)
    .where('account_id', '=', accountId)
    .execute();
  return rows.map((row) => row.external_id);
}
