/** Commands about what is written to the wiki: each shows first what it would do, and is done after a "yes". */
import { listRuns, runById } from '../core/depicts/history.ts';
import { ACTIVE, previewRun, requestStop, startRun, startUndo } from '../core/depicts/runs.ts';
import { previewUndo } from '../core/depicts/undoing.ts';
import type { InProject } from './command.ts';
import { follow, runCard } from './reports.ts';

/** Lines of a list that stays readable in a chat; the page has all. */
const MOST_SHOWN = 15;

export async function write(context: InProject): Promise<void> {
  const { deps, chat, event, t, account, bound } = context;
  const again = event.args.includes('again');
  if (event.args.includes('yes')) {
    const where = { projectId: bound.projectId, channelId: bound.id };
    const runId = await startRun(deps, { ...where, accountId: account.id, again });
    return showRun(context, runId);
  }
  const { pairs: fresh, takenBack } = await previewRun(deps.store, bound.projectId);
  const pairs = again ? takenBack : fresh;
  const rest =
    !again && takenBack.length > 0
      ? [t('bot-write-taken-back', takenBack.length, chat.spell('write', 'again'))]
      : [];
  if (pairs.length === 0) {
    const nothing = rest.length > 0 ? 'web-preview-none-new' : 'bot-write-nothing';
    const text = [t(again ? 'refusal-nothing-to-write-again' : nothing), ...rest].join('\n');
    return event.replyPrivately({ text });
  }
  await event.replyPrivately({
    title: t(again ? 'bot-write-preview-again' : 'bot-write-preview', pairs.length, account.username),
    text: [
      ...shortened(
        context,
        pairs.map((pair) => fileLine(pair)),
      ),
      '',
      t('bot-write-cc0'),
      t('bot-write-confirm', again ? chat.spell('write', 'again', 'yes') : chat.spell('write', 'yes')),
      ...rest,
    ].join('\n'),
    links: [{ text: t('bot-link-preview'), url: `${deps.publicUrl}/projects/${bound.projectId}/write` }],
  });
}

export async function stop({ deps, event, t, account, bound }: InProject): Promise<void> {
  const runs = await listRuns(deps.store, bound.projectId);
  const run = runs.find((one) => ACTIVE.includes(one.state));
  if (!run) return event.replyPrivately({ text: t('bot-stop-nothing') });
  await requestStop(deps, { runId: run.id, accountId: account.id });
  await event.replyPrivately({ text: t('bot-stop-done', run.id) });
}

/** A run, or one statement of it, which has a number in the list. */
export async function undo(context: InProject): Promise<void> {
  const { deps, chat, event, t, account, bound } = context;
  const asked = readUndo(event.args);
  const how = () =>
    t('bot-undo-how', chat.spell('undo', t('bot-word-run')), spellOne(context, t('bot-word-run')));
  if (!asked) return event.replyPrivately({ text: how() });
  const { runId: named, claimId } = asked;
  const who = { projectId: bound.projectId, accountId: account.id };
  const preview = await previewUndo(deps.store, { ...who, runId: named, claimId });
  if (!preview) return event.replyPrivately({ text: [t('bot-undo-nothing'), how()].join('\n') });
  const { runId, claims } = preview;
  if (asked.sure) {
    const only = claimId === null ? {} : { claimId };
    const where = { runId, channelId: bound.id };
    return showRun(context, await startUndo(deps, { ...where, accountId: account.id, ...only }));
  }
  const run = String(runId);
  const confirm =
    claimId === null
      ? [
          t('bot-undo-confirm', claims.length, chat.spell('undo', run, 'yes')),
          ...(claims.length > 1 ? [t('bot-undo-one', spellOne(context, run, 'yes'))] : []),
        ]
      : [t('bot-undo-confirm', 1, chat.spell('undo', run, `statement=${claimId}`, 'yes'))];
  await event.replyPrivately({
    title: t('bot-undo-preview', claims.length, runId, account.username),
    text: [
      ...shortened(
        context,
        claims.map((claim) => `${claim.id}: ${fileLine(claim)}`),
      ),
      '',
      ...confirm,
    ].join('\n'),
    links: [{ text: t('bot-link-run'), url: `${deps.publicUrl}/projects/${bound.projectId}/runs/${runId}` }],
  });
}

function spellOne({ chat, t }: InProject, run: string, ...more: string[]): string {
  return chat.spell('undo', run, `statement=${t('bot-word-number')}`, ...more);
}

/** In any order, as some platforms give them; null for what is none of it. */
function readUndo(
  args: readonly string[],
): { runId: number | null; claimId: number | null; sure: boolean } | null {
  let runId: number | null = null;
  let claimId: number | null = null;
  let sure = false;
  for (const arg of args) {
    const [, statement, number] = /^(statement=)?#?([1-9]\d{0,14})$/.exec(arg) ?? [];
    if (arg === 'yes') sure = true;
    else if (number === undefined) return null;
    else if (statement === undefined) runId = Number(number);
    else claimId = Number(number);
  }
  return { runId, claimId, sure };
}

function fileLine({ title, label }: { readonly title: string; readonly label: string }): string {
  return `${title.replace(/^File:/, '')} → ${label}`;
}

function shortened({ t }: InProject, lines: readonly string[]): string[] {
  const shown = lines.slice(0, MOST_SHOWN);
  return lines.length > shown.length ? [...shown, t('bot-write-more', lines.length - shown.length)] : shown;
}

/** The message that shows the run's progress from now on; 🛑 below it stops the run. */
async function showRun({ deps, chat, event, t }: InProject, runId: number): Promise<void> {
  const run = await runById(deps.store, runId);
  if (!run) return;
  const messageId = await event.reply(runCard(deps, t, run));
  await follow(deps, chat, { runId, channelId: event.channelId, messageId });
  deps.nudges.nudge('runs');
}
