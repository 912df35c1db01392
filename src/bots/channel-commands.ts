/** Commands about a channel: which project it belongs to, and how the bot behaves there. */
import { bindByCode, isChannelCode } from '../core/projects/channel-codes.ts';
import {
  type ChannelSettings,
  FASTEST_PACE,
  MOST_OPEN,
  mayBeBlind,
} from '../core/projects/channel-settings.ts';
import { bindChannel, channelByExternalId, unbindChannel } from '../core/projects/channels.ts';
import { parseQuietHours, readTimeZone, showQuietHours } from '../core/projects/quiet-hours.ts';
import { changeSettings, projectSettings } from '../core/projects/settings.ts';
import type { Translate } from './cards.ts';
import type { Chat } from './chat.ts';
import type { InProject, Linked } from './command.ts';

/** What `setup` can be given by name; `off` takes a setting away. */
export const SETUP_USAGE =
  'NUMBER [disputes] [language=CODE] [open=COUNT] [pace=COUNT] [quiet=HOURS] [zone=ZONE] [blind=on|off]';

const SETUP_EXAMPLE = ['language=en', 'open=3', 'pace=6', 'quiet=22:00-07:00', 'zone=Europe/Oslo'];

/** Binds the channel to a project, by its number or by a code of an owner, and changes those settings that are named. */
export async function setup({ deps, chat, event, t, account }: Linked): Promise<void> {
  const { channelId } = event;
  const say = (key: string, ...params: string[]) => event.replyPrivately({ text: t(key, ...params) });
  if (channelId === null) return say('bot-no-channel');
  if (!event.mayManageChannel) return say('bot-no-channel-right');
  const [number, ...rest] = event.args;
  const code = number !== undefined && isChannelCode(number) ? number : null;
  const how = () => say('bot-setup-how', ...waysToSetUp(chat, t));
  if (code === null && !/^[1-9]\d{0,14}$/.test(number ?? '')) return how();
  const forDisputes = rest[0] === 'disputes';
  let settings: Partial<ChannelSettings> = {};
  for (const arg of forDisputes ? rest.slice(1) : rest) {
    const [, name = '', value = ''] = /^([a-z]+)=(.*)$/.exec(arg) ?? [];
    const read = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (!read) return how();
    const given = read(value, deps.translate);
    if (!given) return say('bot-setup-option', arg, t(`bot-option-${name}`));
    settings = { ...settings, ...given };
  }
  if (settings.blind && !mayBeBlind(chat.platform)) return say('bot-setup-no-blind');
  const asked = {
    platform: chat.platform,
    externalId: channelId,
    name: event.channelName,
    accountId: account.id,
    forDisputes,
    settings,
  };
  const projectId = code === null ? Number(number) : await bindByCode(deps, { ...asked, code });
  if (code === null) await bindChannel(deps, { ...asked, projectId });
  const project = await projectSettings(deps.store, projectId);
  const bound = await channelByExternalId(deps.store, chat.platform, channelId);
  if (!project || !bound) return;
  const spoken = deps.translate(bound.settings.language ?? project.language);
  const done = spoken(forDisputes ? 'bot-setup-disputes-done' : 'bot-setup-done', project.title);
  await event.reply({ text: [done, inWords(spoken, bound.settings)].join('\n') });
}

/** How it is typed: for questions, for disputes, and with everything that can be said with it. */
function waysToSetUp(chat: Chat, t: Translate): string[] {
  const number = t('bot-word-number');
  const blind = mayBeBlind(chat.platform) ? ['blind=on'] : [];
  return [
    chat.spell('setup', number),
    chat.spell('setup', number, 'disputes'),
    chat.spell('setup', number, ...SETUP_EXAMPLE, ...blind),
  ];
}

export async function unbind({ deps, chat, event, t, account }: Linked): Promise<void> {
  if (event.channelId === null) return event.replyPrivately({ text: t('bot-no-channel') });
  if (!event.mayManageChannel) return event.replyPrivately({ text: t('bot-no-channel-right') });
  const was = await unbindChannel(deps, {
    platform: chat.platform,
    externalId: event.channelId,
    accountId: account.id,
  });
  await event.replyPrivately({ text: t(was ? 'bot-unbound' : 'bot-no-project') });
}

/** What the bot speaks in the channels of the project; owners choose it. */
export async function language({ deps, chat, event, t, account, bound }: InProject): Promise<void> {
  const settings = await projectSettings(deps.store, bound.projectId);
  if (!settings) return;
  const code = event.args[0]?.toLowerCase() ?? '';
  const spoken = deps.translate(code);
  if (code === '' || spoken.language !== code) {
    const how = t('bot-language-how', settings.language, chat.spell('language', t('bot-word-code')));
    const known = t('bot-language-known', deps.languages.join(', '));
    const unknown = code === '' ? [] : [t('bot-language-unknown', code)];
    return event.replyPrivately({ text: [...unknown, how, known].join('\n') });
  }
  await changeSettings(deps, {
    projectId: bound.projectId,
    accountId: account.id,
    settings: { ...settings, language: code },
  });
  const own = bound.settings.language;
  const lines = [spoken('bot-language-done')];
  if (own !== null && own !== code) {
    lines.push(t('bot-language-own', own, chat.spell('setup', String(bound.projectId), 'language=off')));
  }
  await event.replyPrivately({ text: lines.join('\n') });
}

const OFF = 'off';

type Read = (value: string, translate: (language: string) => Translate) => Partial<ChannelSettings> | null;

/** null for what does not fit. */
const SETTINGS: Readonly<Record<string, Read>> = {
  language(value, translate) {
    const code = value.toLowerCase();
    if (code === OFF) return { language: null };
    return code !== '' && translate(code).language === code ? { language: code } : null;
  },
  open(value) {
    const maxOpen = whole(value, MOST_OPEN);
    return maxOpen === null ? null : { maxOpen };
  },
  pace(value) {
    if (value === OFF) return { pace: null };
    const pace = whole(value, FASTEST_PACE);
    return pace === null ? null : { pace };
  },
  quiet(value) {
    const quiet = value === OFF ? null : parseQuietHours(value);
    return quiet === null && value !== OFF ? null : { quiet };
  },
  zone(value) {
    const timeZone = readTimeZone(value);
    return timeZone === null ? null : { timeZone };
  },
  blind: (value) => (value === 'on' || value === OFF ? { blind: value === 'on' } : null),
};

function whole(text: string, most: number): number | null {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= most ? number : null;
}

function inWords(t: Translate, { language: own, maxOpen, pace, quiet, timeZone, blind }: ChannelSettings) {
  return [
    t('bot-setup-open', maxOpen),
    ...(pace === null ? [] : [t('bot-setup-pace', pace)]),
    ...(quiet === null ? [] : [t('bot-setup-quiet', showQuietHours(quiet), timeZone)]),
    ...(own === null ? [] : [t('bot-setup-language', own)]),
    ...(blind ? [t('bot-setup-blind')] : []),
  ].join(' · ');
}
