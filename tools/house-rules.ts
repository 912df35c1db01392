import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { parseSync } from 'oxc-parser';

/**
 * Checks the rules of the house (CONTRIBUTING.md) on every TypeScript file below `src/`:
 * which room may import which, who may read the environment, how refusals speak, and how long a file may be.
 * Below `test/` it checks how long a file may be, and nothing else.
 *
 *   node tools/house-rules.ts [FOLDER]     FOLDER holds `src/` and `test/`; default: the project
 */

/** Rooms beside `core`; they know `core` and never each other. */
const ROOMS = ['detect', 'bots', 'web', 'sandbox'];
/** The only ones that may know every room: composition and command line. */
const COMPOSERS = /^(app\.ts|app\/|main\.ts|cli\/)/;
/** Who may touch `process.env`; the last sets what a library reads. */
const ENVIRONMENT = /^(main\.ts|config\.ts|app\.ts|cli\/|detect\/telemetry\.ts)/;
const LONGEST_FILE = 400;
/** Codes that tell people what they cannot do, or did wrong. */
const REFUSED =
  /new VisavisError\(\s*'(bad_input|not_signed_in|forbidden|not_found|conflict|too_large|rate_limited|link_expired|read_only)',\s*['"`]/;
/** Beside people, these speak to operators and programs. */
const NO_PEOPLE = /^core\/(import|store|wiki)\//;

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'));
const src = join(root, 'src');
const problems: string[] = [];

for (const file of typescriptFiles(src)) check(file);
for (const file of typescriptFiles(join(root, 'test'))) checkLength(file, readFileSync(file, 'utf8'));

if (problems.length > 0) {
  for (const problem of problems) console.error(problem);
  console.error(
    `\n${problems.length} broken rule${problems.length === 1 ? '' : 's'} of the house; see CONTRIBUTING.md`,
  );
  process.exit(1);
}

function check(file: string): void {
  const name = relative(src, file).split(sep).join('/');
  const text = readFileSync(file, 'utf8');
  checkLength(file, text);

  const parsed = parseSync(file, text);
  for (const error of parsed.errors) problem(name, `cannot be read: ${error.message}`);
  const { staticImports, staticExports, dynamicImports } = parsed.module;
  const imported = [
    ...staticImports.map((one) => ({
      name: one.moduleRequest.value,
      // `entries` is empty for `import 'x'`, which runs code.
      typeOnly: one.entries.length > 0 && one.entries.every((entry) => entry.isType),
    })),
    ...staticExports.flatMap((one) =>
      one.entries.flatMap((entry) =>
        entry.moduleRequest ? [{ name: entry.moduleRequest.value, typeOnly: entry.isType }] : [],
      ),
    ),
    ...dynamicImports.map((one) => ({
      name: text.slice(one.moduleRequest.start, one.moduleRequest.end).replace(/^['"`]|['"`]$/g, ''),
      typeOnly: false,
    })),
  ];
  for (const one of imported) checkImport(name, file, one);

  checkRefusals(name, text);
  if (!ENVIRONMENT.test(name) && /\bprocess\.env\b/.test(text)) {
    problem(name, 'reads process.env; take what you need as an argument (config.ts knows the environment)');
  }
  if (
    name.startsWith('core/') &&
    !name.startsWith('core/platform/') &&
    /\b(Date\.now\(\)|new Date\(\))/.test(text)
  ) {
    problem(name, 'reads the wall clock; take a Clock as an argument');
  }
}

function checkLength(file: string, text: string): void {
  const lines = text.split('\n').length - 1;
  if (lines <= LONGEST_FILE) return;
  const name = relative(root, file).split(sep).join('/');
  problems.push(`${name}: ${lines} lines; more than ${LONGEST_FILE} hold more than one thing`);
}

/** People read refusals in their language: refusals.ts has a name for each, and i18n/ a message. */
function checkRefusals(name: string, text: string): void {
  if (name.startsWith('core/') && !NO_PEOPLE.test(name) && REFUSED.test(text))
    problem(name, 'refuses something in English alone; give it a name in core/platform/refusals.ts');
}

function checkImport(name: string, file: string, one: { name: string; typeOnly: boolean }): void {
  if (!one.name.startsWith('.')) return;
  const target = relative(src, resolve(dirname(file), one.name))
    .split(sep)
    .join('/');
  const from = roomOf(name);
  const to = roomOf(target);
  if (COMPOSERS.test(name)) return;
  if (COMPOSERS.test(target))
    problem(name, `imports ${target}; only app.ts, app/ and main.ts stand above the rooms`);
  if (from === 'core' && to !== 'core') problem(name, `imports ${target}; core imports nothing outside core`);
  if (ROOMS.includes(from) && ROOMS.includes(to) && from !== to) {
    problem(name, `imports ${target}; ${ROOMS.join(', ')} do not import each other`);
  }
  // A type costs nothing at run time; code of the core has no place in the thread that decodes pictures.
  if (name === 'detect/worker.ts' && to === 'core' && !one.typeOnly) {
    problem(name, `imports ${target}; the worker thread imports nothing of core`);
  }
}

function roomOf(name: string): string {
  return name.split('/')[0] ?? '';
}

function problem(name: string, text: string): void {
  problems.push(`src/${name}: ${text}`);
}

function typescriptFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
