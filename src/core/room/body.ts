import { z } from 'zod';

/** What a room message says. All texts are plain text; the page escapes them. */
export interface RoomCard {
  readonly title?: string | undefined;
  /** Lines are separated by `\n`. */
  readonly text?: string | undefined;
  readonly fields?: readonly { readonly label: string; readonly value: string }[] | undefined;
  readonly links?: readonly { readonly text: string; readonly url: string }[] | undefined;
  /** The picture's bytes stand in a column of their own. */
  readonly picture?: RoomPicture | undefined;
  readonly footer?: string | undefined;
  /** Ids of room users. */
  readonly mentions?: readonly string[] | undefined;
}

export interface RoomPicture {
  readonly type: 'image/jpeg' | 'image/png';
  readonly width: number;
  readonly height: number;
  readonly alt: string;
}

const card = z.object({
  title: z.string().optional(),
  text: z.string().optional(),
  fields: z.array(z.object({ label: z.string(), value: z.string() })).optional(),
  links: z.array(z.object({ text: z.string(), url: z.string() })).optional(),
  picture: z
    .object({
      type: z.enum(['image/jpeg', 'image/png']),
      width: z.number(),
      height: z.number(),
      alt: z.string(),
    })
    .optional(),
  footer: z.string().optional(),
  mentions: z.array(z.string()).optional(),
});

export function writeBody(body: RoomCard): string {
  return JSON.stringify(body);
}

/** A body that cannot be read shows as an empty message instead of taking the page down. */
export function readBody(text: string): RoomCard {
  try {
    const parsed = card.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}
