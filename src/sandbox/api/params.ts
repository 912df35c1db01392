import { ApiError } from './errors.ts';

/** Parameters of one request: query and form together, each readable once or more, unread ones are reported. */
export class Params {
  readonly #values: Readonly<Record<string, string>>;
  readonly #read = new Set<string>(ALWAYS_KNOWN);
  readonly warnings: { module: string; text: string }[] = [];

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values;
  }

  get(name: string): string | undefined {
    this.#read.add(name);
    return this.#values[name];
  }

  required(name: string): string {
    const value = this.get(name);
    if (value === undefined || value === '') {
      throw ApiError.core('missingparam', `The "${name}" parameter must be set.`);
    }
    return value;
  }

  flag(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Values separated by `|`, or by U+001F when the text begins with it. */
  list(name: string): string[] | undefined {
    const value = this.get(name);
    if (value === undefined || value === '') return undefined;
    return value.startsWith('\u001f') ? value.slice(1).split('\u001f') : value.split('|');
  }

  /** At most fifty values, as for everybody who is not a bot. */
  fewOf(name: string): string[] | undefined {
    const values = this.list(name);
    if (values && values.length > LIST_LIMIT) {
      const text = `Too many values supplied for parameter "${name}". The limit is ${LIST_LIMIT}.`;
      throw ApiError.core('toomanyvalues', text, {
        limit: LIST_LIMIT,
        lowlimit: LIST_LIMIT,
        highlimit: 500,
      });
    }
    return values;
  }

  /** Known ones of a list; a warning for the others. */
  choices<Choice extends string>(name: string, known: readonly Choice[], module: string): Choice[] {
    const values = this.list(name) ?? [];
    const unknown = values.filter((value) => !(known as readonly string[]).includes(value));
    if (unknown.length > 0) {
      const plural = unknown.length > 1 ? 'values' : 'value';
      this.warn(module, `Unrecognized ${plural} for parameter "${name}": ${unknown.join(', ')}`);
    }
    return known.filter((choice) => values.includes(choice));
  }

  /** A limit from 1 to `max`; more is cut with a warning. */
  limit(name: string, standard: number, max: number, module: string): number {
    const text = this.get(name);
    if (text === undefined || text === '') return standard;
    if (text === 'max') return max;
    const value = Number(text);
    if (!Number.isInteger(value)) {
      throw ApiError.core('badinteger', `Invalid value "${text}" for integer parameter "${name}".`);
    }
    if (value < 1 || value > max) {
      this.warn(module, `The value "${text}" for parameter "${name}" must be between 1 and ${max}.`);
    }
    return Math.min(Math.max(value, 1), max);
  }

  warn(module: string, text: string): void {
    this.warnings.push({ module, text });
  }

  unread(): string[] {
    return Object.keys(this.#values).filter((name) => !this.#read.has(name));
  }
}

const LIST_LIMIT = 50;

/** Parameters of the main module and of every write, known whether or not anything looks at them. */
const ALWAYS_KNOWN = [
  'action',
  'assert',
  'assertuser',
  'bot',
  'continue',
  'curtimestamp',
  'errorformat',
  'errorlang',
  'errorsuselocal',
  'format',
  'formatversion',
  'maxage',
  'maxlag',
  'origin',
  'requestid',
  'servedby',
  'smaxage',
  'tags',
  'token',
  'uselang',
  'utf8',
];
