import { z } from 'zod';
import { requireBatch, requireItemId } from './batch.ts';
import type { WikiClient } from './client.ts';
import {
  bestStatements,
  emptyArray,
  itemIdOf,
  type RawStatement,
  statementGroups,
  stringOf,
} from './snak.ts';

/** What Wikidata calls the things that we ask of an item. */
const WIKIDATA = {
  instanceOf: 'P31',
  human: 'Q5',
  image: 'P18',
  dateOfDeath: 'P570',
};

export interface Item {
  /** The item itself: after a merge, the one it was merged into. */
  readonly id: string;
  /** In the language asked for, its fallbacks, or `mul`. */
  readonly label: string | null;
  readonly description: string | null;
  readonly isHuman: boolean;
  /** A date of death stands there, even one that nobody knows. */
  readonly dead: boolean;
  /** Title of the portrait with `File:` in front, by preferred rank. */
  readonly portrait: string | null;
}

const terms = z
  .record(z.string(), z.object({ value: z.string() }))
  .or(emptyArray())
  .optional();

const itemsAnswer = z.object({
  entities: z.record(
    z.string(),
    z.object({
      id: z.string(),
      // Present as "" in every format version.
      missing: z.unknown().optional(),
      labels: terms,
      descriptions: terms,
      claims: statementGroups.optional(),
    }),
  ),
});

/**
 * Items by id: keys are the ids as they were asked for, null means that there is no such item.
 * @param itemIds at most 50, like `Q42`
 * @param language of label and description, with the wiki's fallbacks, then English, then `mul`
 */
export async function items(
  client: WikiClient,
  itemIds: readonly string[],
  language: string,
): Promise<ReadonlyMap<string, Item | null>> {
  requireBatch(itemIds);
  const ids = [...new Set(itemIds.map(requireItemId))];
  if (ids.length === 0) return new Map();
  const languages = [...new Set([language, 'en', 'mul'])];
  const { entities } = await client.read(itemsAnswer, {
    action: 'wbgetentities',
    ids,
    props: ['labels', 'descriptions', 'claims'],
    languages,
    // Without it an item that has only a `mul` label comes back empty.
    languagefallback: true,
  });
  return new Map(
    ids.map((id) => {
      const entity = entities[id];
      if (!entity || entity.missing !== undefined) return [id, null];
      const claims = entity.claims ?? {};
      const deaths = (claims[WIKIDATA.dateOfDeath] ?? []).filter(
        ({ rank, mainsnak }) => rank !== 'deprecated' && mainsnak.snaktype !== 'novalue',
      );
      const item: Item = {
        id: entity.id,
        label: term(entity.labels, languages),
        description: term(entity.descriptions, languages),
        isHuman: bestStatements(claims[WIKIDATA.instanceOf] ?? []).some(
          ({ mainsnak }) => itemIdOf(mainsnak) === WIKIDATA.human,
        ),
        dead: deaths.length > 0,
        portrait: portraitOf(claims[WIKIDATA.image] ?? []),
      };
      return [id, item];
    }),
  );
}

function term(values: z.infer<typeof terms>, languages: readonly string[]): string | null {
  for (const language of languages) {
    const value = values?.[language]?.value;
    if (value) return value;
  }
  return null;
}

/** A preferred “no value” says that there is no portrait, whatever stands below it. */
function portraitOf(statements: readonly RawStatement[]): string | null {
  for (const { mainsnak } of bestStatements(statements)) {
    const name = stringOf(mainsnak);
    if (name) return `File:${name.replaceAll('_', ' ')}`;
  }
  return null;
}

export interface FoundItem {
  readonly id: string;
  readonly label: string | null;
  readonly description: string | null;
}

const searchAnswer = z.object({
  search: z.array(
    z.object({ id: z.string(), label: z.string().optional(), description: z.string().optional() }),
  ),
});

/** Up to ten items whose label or alias begins with the text. A person waits: gives up after ten seconds. */
export async function searchItems(
  client: WikiClient,
  text: string,
  language: string,
): Promise<readonly FoundItem[]> {
  const search = text.trim().slice(0, 200);
  // The wiki refuses an empty search.
  if (search === '') return [];
  const answer = await client.read(
    searchAnswer,
    { action: 'wbsearchentities', search, language, uselang: language, type: 'item', limit: 10 },
    { budgetMs: 10_000 },
  );
  return answer.search.map(({ id, label, description }) => ({
    id,
    label: label || null,
    description: description || null,
  }));
}
