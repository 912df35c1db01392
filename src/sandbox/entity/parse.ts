import { createHash } from 'node:crypto';
import { isJson, type Json } from '../json.ts';
import { PROPERTIES } from './properties.ts';
import type { Rank, Snak, Statement } from './statements.ts';

/** Why a statement was not taken; the API turns it into its own error. */
export class StatementProblem extends Error {
  readonly code: 'invalid-claim' | 'invalid-snak' | 'modification-failed';
  /** Name of the interface message. */
  readonly key: string;
  readonly params: string[];

  constructor(code: StatementProblem['code'], key: string, message: string, params: string[] = []) {
    super(message);
    this.code = code;
    this.key = key;
    this.params = params;
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `M13$…` split into its entity and its UUID, or undefined when it is no statement id at all. */
export function parseGuid(guid: string): { entity: string; uuid: string } | undefined {
  const [entity, uuid, more] = guid.split('$');
  if (entity === undefined || uuid === undefined || more !== undefined) return undefined;
  if (!/^[MQ][1-9]\d*$/i.test(entity)) return undefined;
  return { entity: entity.toUpperCase(), uuid };
}

export function isWholeGuid(guid: string): boolean {
  return UUID.test(parseGuid(guid)?.uuid ?? '');
}

/** A statement as clients send it to wbsetclaim. */
export function parseStatement(value: unknown, itemExists: (id: string) => boolean): Statement {
  if (!isJson(value) || !isJson(value.mainsnak)) throw notAStatement();
  if (typeof value.id !== 'string') throw invalidClaim('GUID must be set when setting a claim');
  if (!parseGuid(value.id)) throw invalidClaim('$serialization does not have the correct number of parts');
  const rank = value.rank ?? 'normal';
  if (!isRank(rank)) throw notAStatement();
  const mainsnak = parseSnak(value.mainsnak, itemExists, notAStatement);
  if (!isWholeGuid(value.id)) {
    const text = 'Statement does not have a valid GUID';
    throw new StatementProblem('modification-failed', 'wikibase-api-modification-failed', text, [text]);
  }
  const groups = isJson(value.qualifiers) ? Object.values(value.qualifiers) : [];
  const qualifiers: Record<string, Snak[]> = {};
  for (const input of groups.flat()) {
    if (!isJson(input)) throw notAStatement();
    const snak = parseSnak(input, itemExists, notAStatement);
    qualifiers[snak.property] = [...(qualifiers[snak.property] ?? []), snak];
  }
  const order = Object.keys(qualifiers);
  return {
    mainsnak,
    type: 'statement',
    ...(order.length > 0 && { qualifiers, 'qualifiers-order': order }),
    id: value.id,
    rank,
  };
}

/** One snak, checked against its property's type. */
export function parseSnak(
  input: Json,
  itemExists: (id: string) => boolean,
  malformed: () => StatementProblem = () => invalidSnak(),
): Snak {
  const { property, snaktype } = input;
  if (typeof property !== 'string') throw malformed();
  const known = PROPERTIES[property];
  if (!known) throw noSuchProperty(property);
  if (snaktype === 'somevalue' || snaktype === 'novalue') return makeSnak(property, snaktype);
  const { datavalue } = input;
  if (snaktype !== 'value' || !isJson(datavalue) || typeof datavalue.type !== 'string') throw malformed();
  if (datavalue.type !== known.valueType) throw wrongType(datavalue.type, known.valueType);
  if (known.valueType === 'string')
    return makeSnak(property, 'value', checkedText(datavalue.value), 'string');
  if (known.valueType === 'time') return makeSnak(property, 'value', datavalue.value, 'time');
  const item = itemValue(datavalue.value);
  if (!item) throw malformed();
  if (!itemExists(item.id)) throw noSuchItem(item.id);
  return makeSnak(property, 'value', item, known.valueType);
}

export function makeSnak(
  property: string,
  snaktype: Snak['snaktype'],
  value?: unknown,
  valueType?: string,
): Snak {
  const datavalue = valueType === undefined ? undefined : { value, type: valueType };
  const hash = createHash('sha1')
    .update(JSON.stringify([property, snaktype, datavalue]))
    .digest('hex');
  return { snaktype, property, hash, ...(datavalue && { datavalue }) };
}

/** `{"entity-type","numeric-id","id"}`; clients may leave either id out. */
export function itemValue(
  value: unknown,
): { 'entity-type': 'item'; 'numeric-id': number; id: string } | undefined {
  if (!isJson(value)) return undefined;
  const id = typeof value.id === 'string' ? value.id.toUpperCase() : `Q${String(value['numeric-id'])}`;
  if (!/^Q[1-9]\d*$/.test(id)) return undefined;
  return { 'entity-type': 'item', 'numeric-id': Number(id.slice(1)), id };
}

function checkedText(value: unknown): string {
  const text = typeof value === 'string' ? value : '';
  if (text === '') {
    throw new StatementProblem(
      'modification-failed',
      'wikibase-validator-too-short',
      'Must be at least one character long',
      ['1', ''],
    );
  }
  if (text.trim() !== text) {
    throw new StatementProblem(
      'modification-failed',
      'wikibase-validator-malformed-value',
      `Malformed input: ${text.trim()}`,
      [text],
    );
  }
  return text;
}

function isRank(value: unknown): value is Rank {
  return value === 'normal' || value === 'preferred' || value === 'deprecated';
}

function invalidClaim(text: string): StatementProblem {
  return new StatementProblem('invalid-claim', 'wikibase-api-invalid-claim', text, [text]);
}

function notAStatement(): StatementProblem {
  return invalidClaim(
    'Failed to get claim from claim Serialization Failed to get statement from Serialization',
  );
}

function invalidSnak(): StatementProblem {
  return new StatementProblem('invalid-snak', 'wikibase-api-invalid-snak', 'Invalid snak data.');
}

function noSuchProperty(id: string): StatementProblem {
  const link = `[[Property:${id}|${id}]]`;
  return new StatementProblem(
    'modification-failed',
    'wikibase-validator-no-such-property',
    `Property ${link} not found`,
    [link],
  );
}

function noSuchItem(id: string): StatementProblem {
  const link = `[[Item:${id}|${id}]]`;
  return new StatementProblem(
    'modification-failed',
    'wikibase-validator-no-such-entity',
    `${link} not found`,
    [link],
  );
}

function wrongType(given: string, expected: string): StatementProblem {
  return new StatementProblem(
    'modification-failed',
    'wikibase-validator-bad-value-type',
    `Bad value type ${given}, expected ${expected}`,
    [given, expected],
  );
}
