import { createHash } from 'node:crypto';
import {
  type APIApplicationCommandStringOption,
  type APIApplicationCommandSubcommandOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  type LocalizationMap,
  type RESTPostAPIChatInputApplicationCommandsJSONBody,
  Routes,
} from 'discord.js';
import type { Messages } from '../../core/platform/messages.ts';
import type { Store } from '../../core/store/store.ts';
import type { Command } from '../command.ts';
import { commandsOn } from '../commands.ts';
import type { Connection } from './connection.ts';
import { fitText } from './text.ts';

export const COMMAND = 'visavis';

/** Discord's locales that our languages serve; it falls back by itself only within English and Spanish. */
const LOCALES = { no: 'nb', 'es-ES': 'es', 'es-419': 'es', fr: 'fr' } as const;
/** Names and descriptions of commands and options (documentation: "Application command structure"). */
const DESCRIPTION = 100;

/** What a command can be given, in the order of its arguments. */
export interface CommandOption {
  readonly name: string;
  readonly required: boolean;
  /** The only words that are taken; empty: any. */
  readonly words: readonly string[];
  /** The command wants `name=value` and not the value alone. */
  readonly named: boolean;
}

/** `NUMBER [disputes] [pace=COUNT]` → `number`, which is needed, `disputes`, a word to choose, and `pace` with a value. */
export function optionsOf(usage: string | undefined): CommandOption[] {
  return (usage ?? '').split(/\s+/).flatMap((part) => {
    const bare = part.replace(/^\[|\]$/g, '');
    if (bare === '') return [];
    const [value = '', name = value] = bare.split('=').reverse();
    const words = value === value.toLowerCase() ? value.split('|') : [];
    return [
      {
        name: name.toLowerCase().replaceAll('|', '-'),
        required: !part.startsWith('['),
        words,
        named: bare.includes('='),
      },
    ];
  });
}

/** What somebody chose for an option, as the command wants it. */
export function argumentOf(command: string, option: string, value: string): string {
  const { usage } = commandsOn('discord').find(({ name }) => name === command) ?? {};
  const isNamed = optionsOf(usage).some(({ name, named }) => named && name === option);
  return isNamed ? `${option}=${value}` : value;
}

/** As people type it, with the names of the options: `/visavis write yes:yes`. */
export function spellCommand(command: string, ...args: string[]): string {
  const options = optionsOf(commandsOn('discord').find(({ name }) => name === command)?.usage);
  const typed = args.map((arg) => {
    const named = /^([a-z]+)=(.*)$/.exec(arg);
    if (named) return `${named[1]}:${named[2]}`;
    const positional = options.filter((one) => !one.named);
    const option =
      positional.find((one) => one.words.includes(arg)) ?? positional.find((one) => one.words.length === 0);
    if (option) options.splice(options.indexOf(option), 1);
    return option ? `${option.name}:${arg}` : arg;
  });
  return [`/${COMMAND}`, command, ...typed].join(' ');
}

/** One command with a subcommand for each of the table, in all our languages. */
export function commandDefinition(messages: Messages): RESTPostAPIChatInputApplicationCommandsJSONBody {
  return {
    name: COMMAND,
    type: ApplicationCommandType.ChatInput,
    ...described(messages, 'bot-command'),
    options: commandsOn('discord').map((command) => subcommand(messages, command)),
  };
}

function subcommand(messages: Messages, command: Command): APIApplicationCommandSubcommandOption {
  return {
    type: ApplicationCommandOptionType.Subcommand,
    name: command.name,
    name_localizations: localised(messages, `bot-name-${command.name}`),
    ...described(messages, `bot-help-${command.name}`),
    options: optionsOf(command.usage).map((option, index) =>
      stringOption(messages, option, completes(command.name, index)),
    ),
  };
}

/** Discord takes either choices or autocomplete. */
function stringOption(
  messages: Messages,
  { name, required, words }: CommandOption,
  autocomplete: boolean,
): APIApplicationCommandStringOption {
  const option = {
    type: ApplicationCommandOptionType.String as const,
    name,
    required,
    ...described(messages, `bot-option-${name}`),
  };
  if (words.length > 0) return { ...option, choices: words.map((word) => ({ name: word, value: word })) };
  return autocomplete ? { ...option, autocomplete } : option;
}

/** Is this argument a project, of which there are some to choose from? */
export function completes(command: string, index: number): boolean {
  return command === 'setup' && index === 0;
}

function described(messages: Messages, key: string) {
  return {
    description: fitText(messages.translator('en')(key), DESCRIPTION),
    description_localizations: localised(messages, key),
  };
}

function localised(messages: Messages, key: string): LocalizationMap {
  return Object.fromEntries(
    Object.entries(LOCALES).map(([locale, language]) => [
      locale,
      fitText(messages.translator(language)(key), DESCRIPTION),
    ]),
  );
}

/**
 * Registers the command, when it is not the one that was registered last. Discord counts registrations, and people's
 * programs fetch the commands again after each.
 * @throws when Discord refuses
 */
export async function registerCommand(
  { db }: Store,
  { client, applicationId }: Connection,
  definition: RESTPostAPIChatInputApplicationCommandsJSONBody,
): Promise<void> {
  const name = `discord commands ${applicationId}`;
  const value = createHash('sha256').update(JSON.stringify(definition)).digest('hex');
  const known = await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
  if (known?.value === value) return;
  await client.rest.put(Routes.applicationCommands(applicationId), { body: [definition] });
  if (known) await db.updateTable('settings').set({ value }).where('name', '=', name).execute();
  else await db.insertInto('settings').values({ name, value }).execute();
}
