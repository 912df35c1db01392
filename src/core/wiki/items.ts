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

/** What Wikidata calls the things that we ask of an item; another Wikibase numbers them otherwise. */
export interface ItemVocabulary {
  readonly instanceOf: string;
  readonly human: string;
  readonly image: string;
  readonly dateOfDeath: string;
}

export const WIKIDATA: ItemVocabulary = {
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
  /** `1852-11-27`, `1852-11`, `1852`, as exactly as it is known; null when not dead or not known. */
  readonly diedAt: string | null;
  /** Title of the portrait with `File:` in front, by preferred rank. */
  readonly portrait: string | null;
  /** Set when the id asked for is a redirect: the item to use from now on (the same as `id`). */
  readonly redirectedTo: string | null;
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
  vocabulary: ItemVocabulary = WIKIDATA,
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
      const deaths = (claims[vocabulary.dateOfDeath] ?? []).filter(
        ({ rank, mainsnak }) => rank !== 'deprecated' && mainsnak.snaktype !== 'novalue',
      );
      const item: Item = {
        id: entity.id,
        label: term(entity.labels, languages),
        description: term(entity.descriptions, languages),
        isHuman: bestStatements(claims[vocabulary.instanceOf] ?? []).some(
          ({ mainsnak }) => itemIdOf(mainsnak) === vocabulary.human,
        ),
        dead: deaths.length > 0,
        diedAt: dateOf(bestStatements(deaths)[0]),
        portrait: portraitOf(claims[vocabulary.image] ?? []),
        redirectedTo: entity.id === id ? null : entity.id,
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

const timeValue = z.object({ time: z.string(), precision: z.number() });

/** Wikibase time, `+1852-11-27T00:00:00Z` with precision 11 for days, 10 for months, 9 for years. */
function dateOf(statement: RawStatement | undefined): string | null {
  const { data } = timeValue.safeParse(statement?.mainsnak.datavalue?.value);
  const parts = data && /^([+-])0*(\d+)-(\d\d)-(\d\d)T/.exec(data.time);
  if (!data || !parts || data.precision < 9) return null;
  const [, sign, year, month, day] = parts;
  const date = [year, ...(data.precision >= 10 ? [month] : []), ...(data.precision >= 11 ? [day] : [])];
  return `${sign === '-' ? '-' : ''}${date.join('-')}`;
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
