import type { Item, Term } from '../entity/entities.ts';
import { itemValue, makeSnak } from '../entity/parse.ts';
import type { Rank, Statement, Statements } from '../entity/statements.ts';
import { ADA, BODIL, CARMEN, DANA, ELSA, FLORA, GINA } from './people.ts';
import { ADA_PORTRAIT } from './recipes.ts';

const HUMAN = 'Q5';
const ORGANISATION = 'Q43229';

/** An item that was merged into another one. */
export const MERGED = { from: 'Q9010', to: ADA.item };

/** The items that exist, all of them made up but the two that say what kind of thing something is. */
export const ITEMS: Item[] = [
  item(
    HUMAN,
    { en: 'human', nb: 'menneske', es: 'ser humano', fr: 'être humain' },
    {
      en: 'any member of Homo sapiens',
    },
  ),
  item(
    ORGANISATION,
    { en: 'organization', nb: 'organisasjon', es: 'organización', fr: 'organisation' },
    {
      en: 'social entity established to meet needs or pursue goals',
    },
  ),
  item(
    ADA.item,
    named(ADA.name),
    {
      en: 'made-up person in the practice photos, looked for by the practice project',
      nb: 'oppdiktet person på øvingsbildene, som øvingsprosjektet leter etter',
      es: 'persona inventada de las fotos de práctica, buscada por el proyecto de práctica',
      fr: 'personne inventée des photos d’entraînement, cherchée par le projet d’entraînement',
    },
    [...human(ADA.item), image(ADA.item, ADA_PORTRAIT, 'normal', 1)],
    ['Ada P.'],
  ),
  item(
    BODIL.item,
    named(BODIL.name),
    guest('with blonde curls', 'med lyse krøller', 'de rizos rubios', 'aux boucles blondes'),
    [
      ...human(BODIL.item),
      image(BODIL.item, 'Practice team meeting 03.jpg', 'normal', 1),
      image(BODIL.item, 'Practice portrait 03.jpg', 'preferred', 2),
    ],
  ),
  item(CARMEN.item, named(CARMEN.name), guest('in purple', 'i lilla', 'de morado', 'en violet'), [
    ...human(CARMEN.item),
    image(CARMEN.item, 'Practice portrait 04.jpg', 'normal', 1),
  ]),
  item(
    DANA.item,
    named(DANA.name),
    guest('in the hallway', 'i gangen', 'en el pasillo', 'dans le couloir'),
    human(DANA.item),
  ),
  // Her name stands in `mul` alone: without language fallback there is nothing to show.
  item(
    ELSA.item,
    { mul: ELSA.name },
    guest('on the stairs', 'i trappen', 'en la escalera', 'dans l’escalier'),
    human(ELSA.item),
  ),
  item(
    FLORA.item,
    named(FLORA.name),
    guest('at the window', 'ved vinduet', 'junto a la ventana', 'à la fenêtre'),
    [...human(FLORA.item), statement(FLORA.item, 8, makeSnak('P18', 'novalue'))],
  ),
  item(
    GINA.item,
    named(GINA.name),
    guest(
      'at the window, died in 2021',
      'ved vinduet, død i 2021',
      'junto a la ventana, muerta en 2021',
      'à la fenêtre, morte en 2021',
    ),
    [...human(GINA.item), died(GINA.item, 2021)],
  ),
  item(
    'Q9008',
    named('Hilde Imaginary'),
    guest(
      'in no photo, died in 1999',
      'på intet bilde, død i 1999',
      'en ninguna foto, muerta en 1999',
      'sur aucune photo, morte en 1999',
    ),
    [...human('Q9008'), died('Q9008', 1999)],
  ),
  item(
    'Q9009',
    { en: 'Practice team', nb: 'Øvingslaget', es: 'Equipo de práctica', fr: 'Équipe d’entraînement' },
    {
      en: 'made-up group, not a person',
      nb: 'oppdiktet gruppe, ikke en person',
      es: 'grupo inventado, no es una persona',
      fr: 'groupe inventé, pas une personne',
    },
    [instanceOf('Q9009', ORGANISATION)],
  ),
];

/** A statement id that is the same at every start: the number of the item and of the statement. */
export function fixedGuid(entity: string, number: number): string {
  const digits = `${entity.slice(1)}${String(number).padStart(2, '0')}`.padStart(12, '0');
  return `${entity}$00000000-0000-4000-8000-${digits}`;
}

export function statement(
  entity: string,
  number: number,
  mainsnak: Statement['mainsnak'],
  rank: Rank = 'normal',
): Statement {
  return { mainsnak, type: 'statement', id: fixedGuid(entity, number), rank };
}

function item(
  id: string,
  labels: Record<string, string>,
  descriptions: Record<string, string>,
  statements: Statement[] = [],
  aliases: string[] = [],
): Item {
  const claims: Statements = {};
  for (const one of statements) {
    const { property } = one.mainsnak;
    claims[property] = [...(claims[property] ?? []), one];
  }
  return {
    type: 'item',
    id,
    labels: terms(labels),
    descriptions: terms(descriptions),
    aliases: aliases.length > 0 ? { en: aliases.map((value) => ({ language: 'en', value })) } : {},
    claims,
    sitelinks: {},
  };
}

function terms(texts: Record<string, string>): Record<string, Term> {
  return Object.fromEntries(
    Object.entries(texts).map(([language, value]) => [language, { language, value }]),
  );
}

function named(name: string): Record<string, string> {
  return { en: name, nb: name, es: name, fr: name };
}

function guest(en: string, nb: string, es: string, fr: string): Record<string, string> {
  return {
    en: `made-up person ${en}`,
    nb: `oppdiktet person ${nb}`,
    es: `persona inventada ${es}`,
    fr: `personne inventée ${fr}`,
  };
}

function human(id: string): Statement[] {
  return [instanceOf(id, HUMAN)];
}

function instanceOf(id: string, kind: string): Statement {
  return statement(id, 0, makeSnak('P31', 'value', itemValue({ id: kind }), 'wikibase-entityid'));
}

function image(id: string, file: string, rank: Rank, number: number): Statement {
  return statement(id, number, makeSnak('P18', 'value', file, 'string'), rank);
}

function died(id: string, year: number): Statement {
  const value = {
    time: `+${year}-00-00T00:00:00Z`,
    timezone: 0,
    before: 0,
    after: 0,
    precision: 9,
    calendarmodel: 'http://www.wikidata.org/entity/Q1985727',
  };
  return statement(id, 9, makeSnak('P570', 'value', value, 'time'));
}
