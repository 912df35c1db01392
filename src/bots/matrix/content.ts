import type { Card } from '../chat.ts';
import type { Uploaded } from './memory.ts';

/** The content of an `m.room.message`, as JSON. */
export type Content = Readonly<Record<string, unknown>>;

/** An event may have 64 KiB in all (Matrix, client-server API, "Size limits"); the frame around it is small. */
const MOST_BYTES = 60_000;
const FORMAT = 'org.matrix.custom.html';

/** Where a message belongs. */
export interface Place {
  /** The message that a thread begins with. */
  readonly thread?: string;
  /** What the message answers there; without it the beginning. */
  readonly answers?: string;
}

/**
 * A card as a message: a picture with its caption, or a notice, which other bots leave alone. Whoever is mentioned
 * must be notified, and the usual push rules suppress notices, so such a card is plain text.
 */
export function messageContent(card: Card, picture: Uploaded | null, place: Place = {}): Content {
  return fitting(card, (shown) => ({ ...cardContent(shown, picture), ...threadRelation(place) }));
}

/** Replaces a message: all of it, so the picture is named again. */
export function editContent(card: Card, picture: Uploaded | null, eventId: string): Content {
  return fitting(card, (shown) => {
    // An edit mentions nobody: they were told by the message itself.
    const { mentions: _mentions, ...unmentioned } = shown;
    const content = cardContent(unmentioned, picture);
    return {
      ...content,
      body: `* ${content.body}`,
      formatted_body: `* ${content.formatted_body}`,
      'm.new_content': content,
      'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
    };
  });
}

export function reactionContent(eventId: string, emoji: string): Content {
  return { 'm.relates_to': { rel_type: 'm.annotation', event_id: eventId, key: asShown(emoji) } };
}

/**
 * Clients send what their emoji picker has: with U+FE0F where the character alone would be shown as text. Another
 * form would be another reaction beside theirs.
 */
function asShown(emoji: string): string {
  const keycap = /^([0-9#*])\u{FE0F}?\u{20E3}$/u.exec(emoji);
  if (keycap) return `${keycap[1]}\u{FE0F}\u{20E3}`;
  return /^\p{Emoji}$/u.test(emoji) && !/^\p{Emoji_Presentation}$/u.test(emoji) ? `${emoji}\u{FE0F}` : emoji;
}

/** Text and HTML say the same; everything that is not ours is escaped, because servers do not clean HTML. */
function cardContent(
  card: Card,
  picture: Uploaded | null,
): Content & { body: string; formatted_body: string } {
  const mentions = card.mentions ?? [];
  const text = {
    body: plainText(card),
    format: FORMAT,
    formatted_body: html(card),
    ...(mentions.length > 0 ? { 'm.mentions': { user_ids: [...mentions] } } : {}),
  };
  if (!picture) return { msgtype: mentions.length > 0 ? 'm.text' : 'm.notice', ...text };
  const { url, mimetype, w, h, size } = picture;
  const info = { mimetype, w, h, size };
  return {
    msgtype: 'm.image',
    ...text,
    // With a file name the body is a caption, and not the name of the file (Matrix 1.10).
    filename: mimetype === 'image/png' ? 'picture.png' : 'picture.jpg',
    url,
    // It is small already, and only the detector's process decodes pictures: it is its own thumbnail.
    info: { ...info, thumbnail_url: url, thumbnail_info: info },
  };
}

function threadRelation({ thread, answers }: Place): Content {
  if (thread === undefined) return {};
  return {
    'm.relates_to': {
      rel_type: 'm.thread',
      event_id: thread,
      // Clients that know no threads show an answer instead.
      is_falling_back: true,
      'm.in_reply_to': { event_id: answers ?? thread },
    },
  };
}

function plainText(card: Card): string {
  const lines = [
    (card.mentions ?? []).join(' '),
    card.title ?? '',
    card.text ?? '',
    ...(card.fields ?? []).map(({ label, value }) => `${label}: ${value}`),
    ...(card.links ?? []).map(({ text, url }) => `${text}: ${url}`),
    card.footer ?? '',
    // What a screen reader says of the picture is the body.
    card.picture?.alt ?? '',
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function html(card: Card): string {
  const parts = [
    (card.mentions ?? []).map(mention).join(' '),
    card.title ? `<b>${escapeHtml(card.title)}</b>` : '',
    card.text ? escapeHtml(card.text).replaceAll('\n', '<br>') : '',
    (card.fields ?? [])
      .map(({ label, value }) => `<b>${escapeHtml(label)}:</b> ${escapeHtml(value)}`)
      .join('<br>'),
    (card.links ?? []).map(link).join(' · '),
    card.footer ? `<i>${escapeHtml(card.footer).replaceAll('\n', '<br>')}</i>` : '',
  ];
  return parts
    .filter((part) => part !== '')
    .map((part) => `<p>${part}</p>`)
    .join('');
}

function mention(userId: string): string {
  return `<a href="https://matrix.to/#/${encodeURIComponent(userId).replaceAll('%40', '@').replaceAll('%3A', ':')}">${escapeHtml(userId)}</a>`;
}

function link({ text, url }: { text: string; url: string }): string {
  if (!/^https?:\/\//.test(url)) return `${escapeHtml(text)}: ${escapeHtml(url)}`;
  return `<a href="${escapeHtml(url)}">${escapeHtml(text)}</a>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Shortens the long text of a card until the event is small enough. */
function fitting(card: Card, make: (card: Card) => Content): Content {
  let shown = card;
  for (let most = 16_000; ; most = Math.floor(most / 2)) {
    const content = make(shown);
    if (Buffer.byteLength(JSON.stringify(content)) <= MOST_BYTES || most < 100) return content;
    const cut = (text: string) => (text.length > most ? `${text.slice(0, most).toWellFormed()}…` : text);
    shown = {
      ...shown,
      ...(shown.title === undefined ? {} : { title: cut(shown.title) }),
      ...(shown.text === undefined ? {} : { text: cut(shown.text) }),
      ...(shown.footer === undefined ? {} : { footer: cut(shown.footer) }),
      ...(shown.fields === undefined
        ? {}
        : { fields: shown.fields.map(({ label, value }) => ({ label, value: cut(value) })) }),
    };
  }
}
