import { forgetAccount } from '../core/accounts/forget.ts';
import { accountOfIdentity, LINK_LIFETIME_MS, startLink, unlinkChatUser } from '../core/accounts/linking.ts';
import { VisavisError } from '../core/platform/errors.ts';
import { wordsOf } from '../core/platform/words.ts';
import { channelByExternalId } from '../core/projects/channels.ts';
import { roleOf } from '../core/projects/members.ts';
import { projectOverview } from '../core/projects/overview.ts';
import { ownedAlone } from '../core/projects/ownerless.ts';
import { pausedReason } from '../core/review/care.ts';
import { questionFaces, withdrawQuestion } from '../core/review/questions.ts';
import { askableFor, skipFaces } from '../core/review/skips.ts';
import { undoAnswers } from '../core/review/undo.ts';
import { leaderboard } from '../core/statistics/leaderboard.ts';
import { language, SETUP_USAGE, setup, unbind } from './channel-commands.ts';
import type { Chat, CommandEvent } from './chat.ts';
import { COMMAND_GROUPS, type Command, type CommandContext, type InProject, type Linked } from './command.ts';
import type { DeskDeps } from './desk.ts';
import { follow } from './moves.ts';
import { stop, undo, write } from './run-commands.ts';

export const COMMANDS: readonly Command[] = [
  { name: 'help', group: 'account', needs: 'nothing', run: help },
  { name: 'link', group: 'account', needs: 'nothing', run: link },
  { name: 'unlink', group: 'account', needs: 'nothing', run: unlink },
  { name: 'whoami', group: 'account', needs: 'nothing', run: whoami },
  { name: 'forget-me', group: 'account', usage: '[yes]', needs: 'link', run: forgetMe },
  { name: 'setup', group: 'channel', usage: SETUP_USAGE, needs: 'link', run: setup },
  { name: 'unbind', group: 'channel', needs: 'link', run: unbind },
  { name: 'follow', group: 'channel', needs: 'link', on: ['matrix'], run: follow },
  { name: 'status', group: 'project', needs: 'project', run: status },
  { name: 'next', group: 'questions', needs: 'project', run: next },
  { name: 'write', group: 'writing', usage: '[again] [yes]', needs: 'project', run: write },
  { name: 'stop', group: 'writing', needs: 'project', run: stop },
  { name: 'undo', group: 'writing', usage: '[RUN] [statement=NUMBER] [yes]', needs: 'project', run: undo },
  { name: 'skip', group: 'questions', usage: '[QUESTION]', needs: 'project', run: skip },
  { name: 'retract', group: 'questions', needs: 'project', run: retract },
  { name: 'withdraw', group: 'questions', usage: 'QUESTION', needs: 'project', run: withdraw },
  { name: 'leaderboard', group: 'project', needs: 'nothing', run: showLeaderboard },
  { name: 'language', group: 'channel', usage: '[CODE]', needs: 'project', run: language },
];

/** The commands of one platform. */
export function commandsOn(platform: Chat['platform']): Command[] {
  return COMMANDS.filter(({ on }) => !on || on.includes(platform));
}

/** For the help on the site: every group with its commands. */
export function commandHelp() {
  return COMMAND_GROUPS.map((group) => ({
    group,
    commands: COMMANDS.filter((one) => one.group === group).map(({ name, usage = '', on = null }) => ({
      name,
      usage,
      /** The only platforms that have it; null: all. */
      on,
    })),
  }));
}

/** What only tells something, also while the site is read-only. */
const READING = new Set(['help', 'whoami', 'status', 'next', 'leaderboard']);

/** Runs a command; unknown ones are silent. What goes wrong is told to the person who asked, privately. */
export async function runCommand(deps: DeskDeps, chat: Chat, event: CommandEvent): Promise<void> {
  const command = commandsOn(chat.platform).find((one) => one.name === event.name);
  if (!command) return;
  const bound =
    event.channelId === null ? null : await channelByExternalId(deps.store, chat.platform, event.channelId);
  const account = await accountOfIdentity(deps.store, chat.platform, event.user.id);
  const t = deps.translate(bound?.settings.language ?? (await languageOf(deps, bound?.projectId ?? null)));
  const context: CommandContext = { deps, chat, event, t, account, bound };
  const say = (key: string, ...params: string[]) => event.replyPrivately({ text: t(key, ...params) });
  try {
    if (!READING.has(command.name) && (await deps.readOnly?.state())) return await say('bot-read-only');
    if (command.needs === 'nothing') return await command.run(context);
    if (!account) return await say('bot-link-first', chat.spell('link'));
    if (command.needs === 'link') return await command.run({ ...context, account });
    if (!bound) return await say('bot-no-project');
    await command.run({ ...context, account, bound });
  } catch (error) {
    if (!(error instanceof VisavisError)) throw error;
    deps.log.info({ command: event.name, code: error.code }, error.message);
    const text = error.code === 'read_only' ? t('bot-read-only') : wordsOf(t, error);
    await event.replyPrivately({ text });
  }
}

async function help({ chat, event, t }: CommandContext): Promise<void> {
  const lines = commandsOn(chat.platform).map(
    ({ name, usage }) => `${[name, usage].filter(Boolean).join(' ')}: ${t(`bot-help-${name}`)}`,
  );
  await event.replyPrivately({
    title: t('bot-help-title'),
    text: [t(chat.platform === 'discord' ? 'bot-help-how-slash' : 'bot-help-how'), ...lines].join('\n'),
  });
}

async function link({ deps, chat, event, t, account }: CommandContext): Promise<void> {
  if (account) return event.replyPrivately({ text: t('bot-linked-already', account.username) });
  const token = await startLink(deps, {
    platform: chat.platform,
    externalId: event.user.id,
    displayName: event.user.name,
  });
  await event.replyPrivately({
    title: t('bot-link-title'),
    text: t('bot-link-text', LINK_LIFETIME_MS / 60_000),
    links: [{ text: t('bot-link-open'), url: `${deps.publicUrl}/link/${token}` }],
  });
}

async function unlink({ deps, chat, event, t }: CommandContext): Promise<void> {
  const was = await unlinkChatUser(deps, chat.platform, event.user.id);
  await event.replyPrivately({ text: t(was ? 'bot-unlinked' : 'bot-not-linked') });
}

/** Where a project is at hand, also what one is in it. */
async function whoami({ deps, event, t, account, bound }: CommandContext): Promise<void> {
  if (!account) return event.replyPrivately({ text: t('bot-not-linked') });
  const lines = [t('bot-whoami', account.username)];
  if (bound) lines.push(t(`bot-whoami-${(await roleOf(deps.store, bound.projectId, account.id)) ?? 'none'}`));
  await event.replyPrivately({ text: lines.join('\n') });
}

async function forgetMe({ deps, chat, event, t, account }: Linked): Promise<void> {
  if (event.args[0] === 'yes') {
    await forgetAccount(deps, account.id);
    return event.replyPrivately({ text: t('bot-forgotten') });
  }
  const alone = await ownedAlone(deps.store.db, account.id);
  const titles = alone.map((project) => t('bot-quoted', project.title)).join(', ');
  await event.replyPrivately({
    text: [
      t('bot-forget-what', account.username),
      ...(alone.length > 0 ? [t('bot-forget-alone', alone.length, titles)] : []),
      t('bot-forget-confirm', chat.spell('forget-me', 'yes')),
    ].join('\n'),
  });
}

async function status({ deps, event, t, bound }: InProject): Promise<void> {
  const overview = await projectOverview(deps.store, bound.projectId);
  if (!overview) return;
  const { project, files, verdicts, claims, waitingFor } = overview;
  const paused = await pausedReason(deps.store, bound.projectId);
  await event.reply({
    title: project.title,
    text: paused ? t(`bot-paused-${paused}`) : t(waitingFor.key, ...waitingFor.params),
    fields: [
      { label: t('bot-status-files'), value: `${files.detected} / ${files.total}` },
      { label: t('bot-status-faces'), value: String(overview.faces) },
      { label: t('bot-status-matches'), value: String(verdicts.match) },
      { label: t('bot-status-no-matches'), value: String(verdicts.noMatch) },
      { label: t('bot-status-disputed'), value: String(verdicts.disputed) },
      { label: t('bot-status-written'), value: String(claims.written) },
    ],
    links: [{ text: t('bot-link-project'), url: `${deps.publicUrl}/projects/${project.id}` }],
  });
}

/** Says where things stand, and which question of a chat waits for this member. */
async function next({ deps, event, t, account, bound }: InProject): Promise<void> {
  const overview = await projectOverview(deps.store, bound.projectId);
  deps.nudges.nudge('posts');
  if (!overview) return;
  const lines = [t(overview.waitingFor.key, ...overview.waitingFor.params)];
  const mine = await askableFor(deps.store, { projectId: bound.projectId, accountId: account.id });
  if (mine?.questionId) lines.push(t('bot-next-yours', mine.questionId));
  await event.replyPrivately({ text: lines.join('\n') });
}

async function withdraw({ deps, chat, event, t, account, bound }: InProject): Promise<void> {
  const question = await questionNamed(deps, event, bound);
  if (!question)
    return event.replyPrivately({
      text: t('bot-withdraw-how', chat.spell('withdraw', t('bot-word-number'))),
    });
  await withdrawQuestion(deps, question.id, account.id);
  await event.replyPrivately({ text: t('bot-withdraw-done', question.id) });
}

/** For this member alone; without a number, the newest question of the channel. */
async function skip({ deps, chat, event, t, account, bound }: InProject): Promise<void> {
  const question =
    event.args[0] === undefined
      ? await newestQuestion(deps, bound.id)
      : await questionNamed(deps, event, bound);
  if (!question)
    return event.replyPrivately({ text: t('bot-skip-how', chat.spell('skip', t('bot-word-number'))) });
  const faces = await questionFaces(deps.store.db, question.id);
  await skipFaces(deps, {
    projectId: bound.projectId,
    accountId: account.id,
    faces: faces.map(({ faceId }) => ({ faceId, person: question.person })),
  });
  await event.replyPrivately({ text: t('bot-skip-done', question.id) });
}

/** The first few of the last 30 days; the page has everybody. */
async function showLeaderboard({ deps, event, t }: CommandContext): Promise<void> {
  const rows = await leaderboard(deps.store, 'month', deps.clock.now());
  const lines = rows
    .slice(0, 10)
    .map((row, i) => t('bot-leaderboard-line', i + 1, row.username, row.answers, row.written));
  await event.replyPrivately({
    title: t('bot-leaderboard-title'),
    text: lines.length > 0 ? lines.join('\n') : t('bot-leaderboard-none'),
    links: [{ text: t('bot-leaderboard-link'), url: `${deps.publicUrl}/leaderboard` }],
  });
}

async function retract({ deps, event, t, account, bound }: InProject): Promise<void> {
  const { last, listed } = await undoAnswers(deps, {
    projectId: bound.projectId,
    accountId: account.id,
    count: 1,
  });
  if (!last) return event.replyPrivately({ text: t('bot-retract-nothing') });
  const about = [last.label, last.title.replace(/^File:/, '')];
  const lines = [
    last.questionId === null
      ? t('bot-retract-done', ...about)
      : t('bot-retract-question', last.questionId, ...about),
  ];
  if (listed.length > 0) lines.push(t('bot-retract-listed', listed.length));
  await event.replyPrivately({ text: lines.join('\n') });
}

/** By its number, with or without the # that stands below it. */
async function questionNamed({ store }: DeskDeps, event: CommandEvent, bound: InProject['bound']) {
  const id = Number(event.args[0]?.replace(/^#/, ''));
  return store.db
    .selectFrom('questions')
    .select(['id', 'person'])
    .where('id', '=', Number.isSafeInteger(id) ? id : 0)
    .where('project_id', '=', bound.projectId)
    .executeTakeFirst();
}

async function newestQuestion({ store }: DeskDeps, channelId: number) {
  return store.db
    .selectFrom('posts')
    .innerJoin('questions', 'questions.id', 'posts.question_id')
    .select(['questions.id', 'questions.person'])
    .where('posts.channel_id', '=', channelId)
    .where('posts.state', '=', 'up')
    .where('questions.state', '=', 'open')
    .orderBy('posts.id', 'desc')
    .executeTakeFirst();
}

async function languageOf({ store }: DeskDeps, projectId: number | null): Promise<string> {
  if (projectId === null) return 'en';
  const row = await store.db
    .selectFrom('projects')
    .select('language')
    .where('id', '=', projectId)
    .executeTakeFirst();
  return row?.language ?? 'en';
}
