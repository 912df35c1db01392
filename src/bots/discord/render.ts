import { randomBytes } from 'node:crypto';
import {
  type APIActionRowComponent,
  type APIButtonComponentWithCustomId,
  type APIEmbed,
  ButtonStyle,
  ComponentType,
  type RawFile,
} from 'discord.js';
import type { Card, CardPicture } from '../chat.ts';
import { escapeText, fitText, maskedLink } from './text.ts';

/** Discord's limits of one message, in characters (documentation: "Embed limits", "Create message"). */
const LIMITS = {
  title: 256,
  description: 4096,
  fields: 25,
  fieldName: 256,
  fieldValue: 1024,
  footer: 2048,
  embed: 6000,
  altText: 1024,
  button: 80,
  mentions: 50,
};
const BUTTONS_IN_A_ROW = 5;
const ROWS = 5;

const BUTTON = 'answer:';

/** What is sent, as JSON and files. */
export interface Outgoing {
  readonly body: {
    readonly content: string;
    readonly embeds: APIEmbed[];
    readonly components: APIActionRowComponent<APIButtonComponentWithCustomId>[];
    readonly allowed_mentions: { readonly parse: never[]; readonly users?: string[] };
    readonly attachments?: { readonly id: string; readonly description: string }[];
  };
  readonly files: RawFile[];
  /** The file that the embed shows; null: none. */
  readonly pictureName: string | null;
}

/**
 * A card as one embed. Nothing in its texts is markup for Discord, and nobody is mentioned but `card.mentions`.
 *
 * @param given.name of the picture's file without its ending
 * @param given.keep name of the file that the message shows already and is to show again
 */
export function renderCard(
  card: Card,
  given: { buttons: boolean; name?: string; keep?: string | null },
): Outgoing {
  const { picture } = card;
  const added = picture
    ? `${given.name ?? randomName()}${picture.type === 'image/png' ? '.png' : '.jpg'}`
    : null;
  const pictureName = added ?? given.keep ?? null;
  const users = (card.mentions ?? []).filter(isSnowflake).slice(0, LIMITS.mentions);
  return {
    body: {
      content: users.map((id) => `<@${id}>`).join(' '),
      embeds: [embedOf(card, pictureName)].filter((embed) => Object.keys(embed).length > 0),
      components: given.buttons ? buttonRows(card) : [],
      allowed_mentions: users.length > 0 ? { parse: [], users } : { parse: [] },
      ...(picture ? { attachments: [{ id: '0', description: altText(picture) }] } : {}),
    },
    files:
      picture && added ? [{ name: added, data: Buffer.from(picture.bytes), contentType: picture.type }] : [],
    pictureName,
  };
}

/** Name of the file that a message's embed shows; its address is never kept, because it expires. */
export function shownPicture(embeds: readonly APIEmbed[] | undefined): string | null {
  const url = embeds?.find((embed) => embed.image)?.image?.url;
  if (!url || !URL.canParse(url)) return null;
  return new URL(url).pathname.split('/').at(-1) || null;
}

/** The emoji of a button of ours; null for what is none. */
export function buttonEmoji(customId: string): string | null {
  return customId.startsWith(BUTTON) ? customId.slice(BUTTON.length) : null;
}

export function isSnowflake(id: string): boolean {
  return /^\d{15,20}$/.test(id);
}

/** Letters and digits that Discord keeps as they are in the name of a file, and that fit into a nonce. */
export function randomName(): string {
  return randomBytes(12).toString('hex');
}

function embedOf(card: Card, pictureName: string | null): APIEmbed {
  let room = LIMITS.embed;
  const take = (plain: string, limit: number, write?: (text: string) => string): string => {
    const text = fitText(plain, Math.min(limit, room), write);
    room -= text.length;
    return text;
  };
  const embed: APIEmbed = {};
  if (card.title) embed.title = take(card.title, LIMITS.title, escapeText);
  const links = linkLines(card, LIMITS.description);
  room -= links.length + 2;
  const text = take(card.text ?? '', LIMITS.description - links.length - 2, escapeText);
  const description = [text, links].filter((part) => part !== '').join('\n\n');
  if (description !== '') embed.description = description;
  // Footers know no markdown.
  if (card.footer) embed.footer = { text: take(card.footer, LIMITS.footer) };
  const fields = [];
  for (const { label, value } of (card.fields ?? []).slice(0, LIMITS.fields)) {
    const name = take(label, LIMITS.fieldName, escapeText);
    const shown = take(value, LIMITS.fieldValue, escapeText);
    // Discord refuses empty ones.
    if (name === '' || shown === '') break;
    fields.push({ name, value: shown, inline: true });
  }
  if (fields.length > 0) embed.fields = fields;
  if (pictureName !== null) embed.image = { url: `attachment://${pictureName}` };
  return embed;
}

/** As many links as fit, in one line; a shortened link would lead nowhere. */
function linkLines(card: Card, limit: number): string {
  let line = '';
  for (const link of card.links ?? []) {
    const more = [line, maskedLink(link.text, link.url)].filter((part) => part !== '').join(' · ');
    if (more.length > limit / 2) break;
    line = more;
  }
  return line;
}

function buttonRows(card: Card): APIActionRowComponent<APIButtonComponentWithCustomId>[] {
  const buttons = (card.buttons ?? []).slice(0, ROWS * BUTTONS_IN_A_ROW).map(
    ({ emoji, label }): APIButtonComponentWithCustomId => ({
      type: ComponentType.Button,
      style: ButtonStyle.Secondary,
      custom_id: `${BUTTON}${emoji}`,
      emoji: { name: emoji },
      ...(label === '' ? {} : { label: fitText(label, LIMITS.button) }),
    }),
  );
  const rows: APIActionRowComponent<APIButtonComponentWithCustomId>[] = [];
  for (let i = 0; i < buttons.length; i += BUTTONS_IN_A_ROW)
    rows.push({ type: ComponentType.ActionRow, components: buttons.slice(i, i + BUTTONS_IN_A_ROW) });
  return rows;
}

function altText(picture: CardPicture): string {
  return fitText(picture.alt, LIMITS.altText);
}
