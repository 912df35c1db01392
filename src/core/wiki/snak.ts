import { z } from 'zod';

/**
 * Statements as Wikibase writes them. In answers for files the key is `statements` and snaks have no
 * `datatype`; an entity without statements has `[]` where others have an object (PHP's empty array).
 */
export const snak = z.object({
  snaktype: z.enum(['value', 'somevalue', 'novalue']),
  property: z.string(),
  datavalue: z.object({ type: z.string(), value: z.unknown() }).optional(),
});
export type Snak = z.infer<typeof snak>;

export const statement = z.object({
  id: z.string(),
  rank: z.enum(['preferred', 'normal', 'deprecated']),
  mainsnak: snak,
  qualifiers: z.record(z.string(), z.array(snak)).or(emptyArray()).optional(),
});
export type RawStatement = z.infer<typeof statement>;

export const statementGroups = z.record(z.string(), z.array(statement)).or(emptyArray());

/** `[]` read as the empty object that it stands for. */
export function emptyArray() {
  return z.array(z.never()).transform((): Record<string, never> => ({}));
}

const entityValue = z.object({ id: z.string().optional(), 'numeric-id': z.number().optional() });

/** The item that a snak names; null for no value, an unknown value, or something that is no item. */
export function itemIdOf({ snaktype, datavalue }: Snak): string | null {
  if (snaktype !== 'value' || datavalue?.type !== 'wikibase-entityid') return null;
  const { data } = entityValue.safeParse(datavalue.value);
  if (data?.id) return data.id;
  return data?.['numeric-id'] === undefined ? null : `Q${data['numeric-id']}`;
}

export function stringOf({ snaktype, datavalue }: Snak): string | null {
  return snaktype === 'value' && typeof datavalue?.value === 'string' ? datavalue.value : null;
}

/** The statements that count (Wikibase's “best”): the preferred ones if there are any, else the normal ones. */
export function bestStatements<T extends { readonly rank: string }>(statements: readonly T[]): readonly T[] {
  const preferred = statements.filter(({ rank }) => rank === 'preferred');
  return preferred.length > 0 ? preferred : statements.filter(({ rank }) => rank === 'normal');
}
