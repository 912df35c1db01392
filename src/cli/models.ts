/** `visavis models`: lists, fetches and checks the models for face detection. */
import { parseArgs } from 'node:util';
import { describeError } from '../core/platform/errors.ts';
import { BUNDLES, DEFAULT_CHOICE, type ModelChoice } from '../detect/models/catalogue.ts';
import { modelStatus, prepareModels } from '../detect/models/prepare.ts';
import { createProgress, type ProgressOutput } from './progress.ts';
import { wrongUsage } from './usage.ts';

export interface ModelsContext extends ProgressOutput {
  readonly dataDir: string;
  /** Which bundle; the default one when it is not said. */
  readonly models?: ModelChoice;
  /** One line on stdout. */
  readonly out: (line: string) => void;
}

const HELP = `visavis models [list|prepare|check]

  list     the models, where they come from and whether they are there (the default)
  prepare  fetches and converts those that are missing or damaged
  check    like list; exit code 1 unless all are there with the right checksum`;

const STATES = { ready: 'ready', missing: 'missing', damaged: 'damaged (wrong checksum)' };

/** Exit code: 0 fine, 1 a model is missing or could not be fetched, 2 wrong usage. */
export async function modelsCommand(args: string[], context: ModelsContext): Promise<number> {
  let parsed: { values: { help: boolean }; positionals: string[] };
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h', default: false } },
    });
  } catch (error) {
    return wrongUsage(context, 'models', error);
  }
  const [action = 'list', ...rest] = parsed.positionals;
  if (parsed.values.help) {
    context.out(HELP);
    return 0;
  }
  if (rest.length > 0 || !['list', 'prepare', 'check'].includes(action))
    return wrongUsage(
      context,
      'models',
      `"${parsed.positionals.join(' ')}" is none of list, prepare and check`,
    );
  try {
    if (action === 'prepare') await prepare(context);
    const ready = await list(context);
    return action === 'check' && !ready ? 1 : 0;
  } catch (error) {
    context.err(`visavis models: ${describeError(error).message}`);
    return 1;
  }
}

async function prepare(context: ModelsContext): Promise<void> {
  const progress = createProgress(context);
  try {
    const { dataDir, models } = context;
    await prepareModels(dataDir, ({ done, total, text }) => progress.step(done, total, text), models);
  } finally {
    progress.finish();
  }
}

async function list({ dataDir, models: choice = DEFAULT_CHOICE, out }: ModelsContext): Promise<boolean> {
  const models = await modelStatus(dataDir, choice);
  out(`bundle ${choice.bundle} (VISAVIS_MODELS), embeddings ${BUNDLES[choice.bundle].model}`);
  for (const { step, path, source, licence, state, sha256 } of models) {
    out(`${step.padEnd(10)} ${STATES[state]}`);
    out(`           ${path}`);
    out(`           from ${source}, ${licence}`);
    out(`           sha256 ${sha256}`);
  }
  return models.every(({ state }) => state === 'ready');
}
