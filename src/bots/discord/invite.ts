import { PermissionFlagsBits } from 'discord.js';

/**
 * What the bot asks for when it is invited, and nothing more: to see channels and write there, also in threads that it
 * makes; pictures and embeds; reactions, read and taken away. 309237771328 in one number.
 */
const PERMISSIONS = [
  PermissionFlagsBits.ViewChannel,
  PermissionFlagsBits.SendMessages,
  PermissionFlagsBits.SendMessagesInThreads,
  PermissionFlagsBits.CreatePublicThreads,
  PermissionFlagsBits.EmbedLinks,
  PermissionFlagsBits.AttachFiles,
  PermissionFlagsBits.ReadMessageHistory,
  PermissionFlagsBits.AddReactions,
  PermissionFlagsBits.ManageMessages,
];

/** The page of Discord on which somebody who manages a server lets the bot in. */
export function inviteLink(applicationId: string): string {
  const url = new URL('https://discord.com/oauth2/authorize');
  url.searchParams.set('client_id', applicationId);
  url.searchParams.set('scope', 'bot applications.commands');
  url.searchParams.set('permissions', String(PERMISSIONS.reduce((all, one) => all | one, 0n)));
  return url.href;
}
