import type { Json } from '../json.ts';
import { PROPERTIES } from './properties.ts';

export interface Snak {
  snaktype: 'value' | 'somevalue' | 'novalue';
  property: string;
  hash: string;
  datavalue?: { value: unknown; type: string };
}

export type Rank = 'preferred' | 'normal' | 'deprecated';

export interface Statement {
  mainsnak: Snak;
  type: 'statement';
  qualifiers?: Record<string, Snak[]>;
  'qualifiers-order'?: string[];
  /** As the writer sent it, in whichever case. */
  id: string;
  rank: Rank;
}

/** Statements by property, in the order in which they were made. */
export type Statements = Record<string, Statement[]>;

export function allStatements(statements: Statements): Statement[] {
  return Object.values(statements).flat();
}

export function findStatement(statements: Statements, guid: string): Statement | undefined {
  const wanted = guid.toLowerCase();
  return allStatements(statements).find((one) => one.id.toLowerCase() === wanted);
}

/** With the statement put in place of the one with its id, or at the end. */
export function withStatement(statements: Statements, statement: Statement): Statements {
  const wanted = statement.id.toLowerCase();
  const property = statement.mainsnak.property;
  const group = statements[property] ?? [];
  const place = group.findIndex((one) => one.id.toLowerCase() === wanted);
  if (place >= 0) return { ...statements, [property]: group.with(place, statement) };
  const others = withoutStatement(statements, statement.id);
  return { ...others, [property]: [...(others[property] ?? []), statement] };
}

export function withoutStatement(statements: Statements, guid: string): Statements {
  const wanted = guid.toLowerCase();
  const kept = Object.entries(statements).map(
    ([property, group]) => [property, group.filter((one) => one.id.toLowerCase() !== wanted)] as const,
  );
  return Object.fromEntries(kept.filter(([, group]) => group.length > 0));
}

export function sameStatement(a: Statement, b: Statement): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Item that the main value names, if it names one. */
export function itemOf(statement: Statement): string | undefined {
  const value = statement.mainsnak.datavalue?.value;
  return typeof value === 'object' && value !== null && 'id' in value ? String(value.id) : undefined;
}

/** The position box of a statement (P2677) in percent of the picture: `[x, y, width, height]`. */
export function boxOf(statement: Statement): [number, number, number, number] | undefined {
  const text = statement.qualifiers?.P2677?.[0]?.datavalue?.value;
  const numbers = typeof text === 'string' ? /^pct:([\d.,]+)$/.exec(text)?.[1]?.split(',').map(Number) : [];
  const [x, y, width, height] = numbers ?? [];
  if (x === undefined || y === undefined || width === undefined || height === undefined) return undefined;
  return [x, y, width, height];
}

/** As answers of wbgetclaims, wbsetclaim and of items show it: every snak with its datatype. */
export function withDatatypes(statement: Statement): Json {
  const typed = (snak: Snak) => ({ ...snak, datatype: PROPERTIES[snak.property]?.datatype });
  const qualifiers = statement.qualifiers && {
    qualifiers: mapGroups(statement.qualifiers, typed),
  };
  return { ...statement, mainsnak: typed(statement.mainsnak), ...qualifiers };
}

export function mapGroups<From, To>(groups: Record<string, From[]>, map: (one: From) => To) {
  return Object.fromEntries(Object.entries(groups).map(([key, group]) => [key, group.map(map)]));
}
