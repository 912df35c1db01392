import { invalid, refuse } from './refusal.ts';

/** A request's JSON and its files, from plain JSON or from `payload_json` and `files[n]`. */
export interface RequestBody {
  readonly json: Record<string, unknown>;
  readonly files: { readonly name: string; readonly bytes: Buffer }[];
}

export async function readBody(contentType: string, bytes: Buffer): Promise<RequestBody> {
  if (!contentType.startsWith('multipart/form-data')) {
    return { json: bytes.length > 0 ? JSON.parse(bytes.toString()) : {}, files: [] };
  }
  const form = await new Response(new Uint8Array(bytes), {
    headers: { 'content-type': contentType },
  }).formData();
  const files: RequestBody['files'] = [];
  for (const [name, value] of form) {
    if (typeof value === 'string') continue;
    if (!/^files\[\d\]$/.test(name)) invalid(`file in ${name}`);
    files.push({ name: value.name, bytes: Buffer.from(await value.arrayBuffer()) });
  }
  return { json: JSON.parse(String(form.get('payload_json') ?? '{}')), files };
}

interface Embed {
  title?: string;
  description?: string;
  fields?: { name: string; value: string }[];
  footer?: { text: string };
  image?: { url: string };
}

/** What Discord takes as a message (documentation: "Create message", "Embed limits", "Component reference"). */
export function checkMessage(
  json: Record<string, unknown>,
  fileNames: readonly string[],
  { partial = false } = {},
): void {
  const content = String(json.content ?? '');
  const embeds = (json.embeds ?? []) as Embed[];
  if (content.length > 2000) invalid('content is longer than 2000');
  if (!partial && content === '' && embeds.length === 0 && fileNames.length === 0) refuse('empty');
  if (embeds.length > 10) invalid('more than 10 embeds');
  for (const embed of embeds) checkEmbed(embed, fileNames);
  if (embeds.reduce((sum, embed) => sum + lengthOf(embed), 0) > 6000) invalid('embeds are longer than 6000');
  if (json.nonce !== undefined && String(json.nonce).length > 25) invalid('nonce is longer than 25');
  for (const one of (json.attachments ?? []) as { description?: string | null }[])
    if ((one.description ?? '').length > 1024) invalid('the description of a file is longer than 1024');
  checkComponents((json.components ?? []) as Row[]);
}

function checkEmbed(embed: Embed, fileNames: readonly string[]): void {
  if (lengthOf(embed) === 0 && !embed.image) invalid('an empty embed');
  if ((embed.title ?? '').length > 256) invalid('title is longer than 256');
  if ((embed.description ?? '').length > 4096) invalid('description is longer than 4096');
  if ((embed.footer?.text ?? '').length > 2048) invalid('footer is longer than 2048');
  if ((embed.fields ?? []).length > 25) invalid('more than 25 fields');
  for (const { name, value } of embed.fields ?? [])
    if (!name || !value || name.length > 256 || value.length > 1024) invalid('a field is empty or too long');
  const image = embed.image?.url;
  if (image === undefined) return;
  if (!image.startsWith('attachment://')) invalid('an address of an image that may expire');
  if (!fileNames.includes(image.slice('attachment://'.length))) invalid(`no file for ${image}`);
}

function lengthOf({ title, description, footer, fields }: Embed): number {
  const parts = [
    title,
    description,
    footer?.text,
    ...(fields ?? []).flatMap(({ name, value }) => [name, value]),
  ];
  return parts.reduce((sum, part) => sum + (part ?? '').length, 0);
}

interface Row {
  type: number;
  components: { type: number; custom_id?: string; label?: string; emoji?: { name: string }; style: number }[];
}

function checkComponents(rows: readonly Row[]): void {
  if (rows.length > 5) invalid('more than 5 rows');
  const ids = new Set<string>();
  for (const { type, components } of rows) {
    if (type !== 1 || components.length === 0 || components.length > 5) invalid('a row is no row of 1 to 5');
    for (const { custom_id: id, label, emoji, style } of components) {
      if (!id || id.length > 100 || ids.has(id)) invalid('a button has no id of its own');
      if (!label && !emoji) invalid('a button shows nothing');
      if ((label ?? '').length > 80) invalid('the label of a button is longer than 80');
      if (style < 1 || style > 4) invalid('the style of a button');
      ids.add(String(id));
    }
  }
}

interface Option {
  type: number;
  name: string;
  name_localizations?: Record<string, string>;
  description: string;
  description_localizations?: Record<string, string>;
  required?: boolean;
  autocomplete?: boolean;
  choices?: unknown[];
  options?: Option[];
}

/** Discord's locales that a command may be in (documentation: "Locales"), those that we could use. */
const LOCALES = ['en-GB', 'en-US', 'da', 'de', 'es-ES', 'es-419', 'fr', 'no', 'sv-SE', 'fi'];

/** What Discord takes as commands (documentation: "Application command structure"). */
export function checkCommands(commands: readonly Option[]): void {
  if (commands.length > 100) invalid('more than 100 commands');
  for (const command of commands) checkOption(command);
}

function checkOption(option: Option): void {
  const names = [option.name, ...Object.values(option.name_localizations ?? {})];
  for (const name of names)
    if (!/^[-_'\p{L}\p{N}]{1,32}$/u.test(name) || name !== name.toLowerCase()) invalid(`the name ${name}`);
  for (const text of [option.description, ...Object.values(option.description_localizations ?? {})])
    if (text.length < 1 || text.length > 100) invalid(`the description ${text}`);
  for (const locale of Object.keys({ ...option.name_localizations, ...option.description_localizations }))
    if (!LOCALES.includes(locale)) invalid(`the locale ${locale}`);
  if (option.autocomplete && option.choices) invalid('both choices and autocomplete');
  const inner = option.options ?? [];
  if (inner.length > 25) invalid('more than 25 options');
  if (inner.some((one, i) => one.required && inner.slice(0, i).some((earlier) => earlier.required === false)))
    invalid('a required option after an optional one');
  for (const locale of [null, ...LOCALES]) {
    const used = inner.map((one) =>
      locale === null ? one.name : (one.name_localizations?.[locale] ?? one.name),
    );
    if (new Set(used).size !== used.length) invalid(`two options of the same name in ${locale}`);
  }
  for (const one of inner) checkOption(one);
}
