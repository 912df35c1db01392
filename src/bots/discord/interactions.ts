import {
  type Client,
  GatewayDispatchEvents,
  PermissionFlagsBits,
  PermissionsBitField,
  Routes,
} from 'discord.js';
import { describeError } from '../../core/platform/errors.ts';
import type { Log } from '../../core/platform/log.ts';
import type { Translate } from '../cards.ts';
import type { Card, ChatHandlers, ChatUser } from '../chat.ts';
import { type Answers, acknowledge } from './answers.ts';
import { argumentOf, COMMAND, completes } from './definitions.ts';
import { AnyInteraction, nameOf, type RawInteraction, type RawUser } from './packets.ts';
import { buttonEmoji } from './render.ts';
import { cleanText, fitText } from './text.ts';

export interface InteractionDeps {
  readonly log: Log;
  readonly handlers: ChatHandlers;
  readonly translate: (language: string) => Translate;
  /** Projects that this user may bind a channel to, for what has been typed. */
  findProjects(text: string, userId: string): Promise<{ id: number; title: string }[]>;
  post(channelId: string, card: Card): Promise<string>;
  tell(userId: string, card: Card): Promise<void>;
  onSent(messageId: string, pictureName: string | null): void;
}

type Interaction<Type extends RawInteraction['type']> = Extract<RawInteraction, { type: Type }>;

/** Whose answers everybody in the channel may read; which it is must be known before the command runs. */
const PUBLIC: Readonly<Record<string, (args: readonly string[]) => boolean>> = {
  status: () => true,
  setup: () => true,
  undo: (args) => args.includes('yes'),
  write: (args) => args.includes('yes'),
};
const CHOICE = 100;

/** Hands over commands and buttons, acknowledged at once, and completes what is being typed. */
export function listenToInteractions(client: Client, deps: InteractionDeps): void {
  client.ws.on(GatewayDispatchEvents.InteractionCreate, (packet: unknown) => {
    const read = AnyInteraction.safeParse(packet);
    if (!read.success) return;
    handle(client, deps, read.data).catch((error: unknown) =>
      deps.log.warn(
        { platform: 'discord', error: describeError(error) },
        'an interaction could not be answered',
      ),
    );
  });
}

async function handle(client: Client, deps: InteractionDeps, interaction: RawInteraction): Promise<void> {
  const user = interaction.member?.user ?? interaction.user;
  if (!user) return;
  if (interaction.type === 2) await command(client, deps, interaction, user);
  else if (interaction.type === 3) await button(client, deps, interaction, user);
  else await complete(client, deps, interaction, user);
}

async function command(
  client: Client,
  deps: InteractionDeps,
  interaction: Interaction<2>,
  user: RawUser,
): Promise<void> {
  const { data, channel, channel_id: channelId, guild_id: guildId, locale } = interaction;
  const [subcommand] = data.options;
  if (data.name !== COMMAND || !subcommand) return;
  const { name } = subcommand;
  const args = subcommand.options.map((option) => argumentOf(name, option.name, String(option.value)));
  const answers = await answersTo(client, deps, interaction, user, PUBLIC[name]?.(args) ?? false);
  let answered = false;
  await deps.handlers.onCommand({
    name,
    args,
    user: toChatUser(user),
    channelId: guildId ? channelId : null,
    channelName: channel?.name ? `#${channel.name}` : '',
    mayManageChannel: mayManageChannel(client, interaction),
    replyPrivately: async (card) => {
      answered = true;
      await answers.privately(card);
    },
    reply: async (card) => {
      answered = true;
      return answers.publicly(card);
    },
  });
  // The desk has noted why.
  if (!answered) await answers.privately({ text: deps.translate(locale)('bot-no-answer') });
  await answers.end();
}

async function button(
  client: Client,
  deps: InteractionDeps,
  interaction: Interaction<3>,
  user: RawUser,
): Promise<void> {
  const emoji = buttonEmoji(interaction.data.custom_id);
  if (emoji === null || !deps.handlers.onButton) return;
  const answers = await answersTo(client, deps, interaction, user, false);
  await deps.handlers.onButton({
    channelId: interaction.channel_id,
    messageId: interaction.message.id,
    user: toChatUser(user),
    emoji,
    replyPrivately: (card) => answers.privately(card),
  });
  await answers.end();
}

/** Nothing to choose from is an answer too; the number can be typed. */
async function complete(
  client: Client,
  deps: InteractionDeps,
  interaction: Interaction<4>,
  user: RawUser,
): Promise<void> {
  const { data, id, token } = interaction;
  const [subcommand] = data.options;
  const index = subcommand?.options.findIndex((option) => option.focused) ?? -1;
  const typed = subcommand?.options[index];
  const projects =
    data.name === COMMAND && subcommand && typed && completes(subcommand.name, index)
      ? await deps.findProjects(String(typed.value), user.id)
      : [];
  const choices = projects.map((project) => ({
    name: fitText(`${project.id} · ${cleanText(project.title)}`, CHOICE),
    value: String(project.id),
  }));
  await client.rest.post(Routes.interactionCallback(id, token), {
    body: { type: 8, data: { choices } },
    auth: false,
  });
}

function answersTo(
  client: Client,
  deps: InteractionDeps,
  { id, token, application_id: applicationId, channel_id: channelId }: RawInteraction,
  user: RawUser,
  isPublic: boolean,
): Promise<Answers> {
  return acknowledge({
    rest: client.rest,
    log: deps.log,
    applicationId,
    interaction: { id, token },
    isPublic,
    post: (card) => deps.post(channelId, card),
    tell: (card) => deps.tell(user.id, card),
    onSent: deps.onSent,
  });
}

function toChatUser(user: RawUser): ChatUser {
  return { id: user.id, name: nameOf(user, user.id) };
}

/** Discord says what the member may do in this channel; where a server does not, the member's roles do. */
function mayManageChannel(
  client: Client,
  { member, channel_id: channelId, guild_id: guildId }: RawInteraction,
): boolean {
  if (!guildId || !member) return false;
  if (member.permissions)
    return new PermissionsBitField(BigInt(member.permissions)).has(PermissionFlagsBits.ManageChannels);
  const channel = client.channels.cache.get(channelId);
  if (!channel || channel.isDMBased()) return false;
  return [guildId, ...member.roles].some((roleId) => {
    const role = channel.guild.roles.cache.get(roleId);
    return role !== undefined && channel.permissionsFor(role).has(PermissionFlagsBits.ManageChannels);
  });
}
