import { parseArgs } from 'node:util';
import { migrations } from '../../migrations/index.ts';
import { loadConfig } from '../config.ts';
import { noteText, parseOrigin } from '../core/origins/parse.ts';
import { DEFAULT_RULES, type OriginRules } from '../core/origins/rules.ts';
import { readSite } from '../core/origins/site.ts';
import { describeError, VisavisError } from '../core/platform/errors.ts';
import { pendingSteps } from '../core/store/migrate.ts';
import { openStore } from '../core/store/store.ts';
import { readLines } from './lines.ts';
import type { Terminal } from './terminal.ts';
import { asksForHelp, wrongUsage } from './usage.ts';

const HELP = `visavis origins check [--json] [--site] [--own ORIGIN]... [--deny HOST]... [--port N]...

Reads one origin a line from stdin and says for each, as one JSON object a line,
whether a user may allow it, and in which form it would be kept:
  {"input":…,"ok":true,"value":…,"notes":[…]}
  {"input":…,"ok":false,"code":…,"hint":…}

  --json   each line is a JSON string, so that it can hold any character
  --site   with the lists and ports of this site, from its database
  --own    an origin that is the site itself; VISAVIS_PUBLIC_URL when not given
  --deny   a host that is denied, with its subdomains
  --port   a port that is allowed beside 443

Exit code 1 when any is refused.`;

export async function originsCommand(
  args: string[],
  input: AsyncIterable<Uint8Array>,
  terminal: Pick<Terminal, 'out' | 'err'>,
  root: string,
): Promise<number> {
  if (asksForHelp(args)) {
    terminal.out(HELP);
    return 0;
  }
  const options = readOptions(args);
  if (typeof options === 'string') return wrongUsage(terminal, 'origins', options);
  const rules = await rulesFor(options, root);
  let refused = 0;
  for await (const line of readLines(input)) {
    const text = options.json ? readString(line) : line;
    const result = parseOrigin(text, rules);
    if (!result.ok) refused++;
    const answer = result.ok
      ? {
          input: text,
          ok: true,
          value: result.value,
          notes: result.notes.map((note) => noteText(note, result)),
        }
      : { input: text, ok: false, code: result.code, hint: result.hint };
    terminal.out(JSON.stringify(answer));
  }
  return refused === 0 ? 0 : 1;
}

interface Options {
  readonly json: boolean;
  readonly site: boolean;
  readonly own: readonly string[];
  readonly deny: readonly string[];
  readonly port: readonly string[];
}

/** What is wrong with them when it is a string. */
function readOptions(args: string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        site: { type: 'boolean', default: false },
        own: { type: 'string', multiple: true, default: [] },
        deny: { type: 'string', multiple: true, default: [] },
        port: { type: 'string', multiple: true, default: [] },
      },
    });
    return positionals.join(' ') === 'check' ? values : 'say check';
  } catch (error) {
    return describeError(error).message;
  }
}

async function rulesFor(options: Options, root: string): Promise<OriginRules> {
  const given = options.own.length > 0 ? options.own : [process.env.VISAVIS_PUBLIC_URL ?? ''];
  const own = given.flatMap((address) => (address === '' ? [] : [originOf(address)]));
  const base = options.site ? await siteRules(own, root) : { ...DEFAULT_RULES, own };
  return {
    ...base,
    denied: [...base.denied, ...options.deny],
    ports: [...base.ports, ...options.port.map(Number)],
  };
}

async function siteRules(own: readonly string[], root: string): Promise<OriginRules> {
  const config = loadConfig(process.env, root);
  const store = openStore(config.database, { connections: 1 });
  try {
    if ((await pendingSteps(store, migrations)).length > 0)
      throw new VisavisError('configuration', 'the database is not up to date; run: visavis migrate');
    const here = own.length > 0 ? own : [new URL(config.publicUrl).origin];
    return (await readSite(store.db, here)).rules;
  } finally {
    await store.close();
  }
}

function originOf(address: string): string {
  const url = URL.parse(address);
  if (url) return url.origin;
  throw new VisavisError('bad_input', `${JSON.stringify(address)} is not the address of a site`);
}

function readString(line: string): string {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'string') return value;
  } catch {
    // Said below.
  }
  throw new VisavisError(
    'bad_input',
    `with --json each line is a JSON string, and this is none: ${line.slice(0, 80)}`,
  );
}
