import { filePage, fileStatements, findItem } from '../entity/entities.ts';
import { parseGuid } from '../entity/parse.ts';
import { allStatements, type Statement, type Statements, withDatatypes } from '../entity/statements.ts';
import type { Json } from '../json.ts';
import type { ApiCall } from './call.ts';
import { ApiError } from './errors.ts';

/** `wbgetclaims`: of an entity, of one property, or one statement by its id. */
export function wbgetclaims(call: ApiCall): Json {
  const { params } = call;
  const guid = params.get('claim');
  const property = params.get('property');
  if (guid === undefined) {
    const id = params.required('entity').toUpperCase();
    return {
      claims: grouped(find(call, id), (one) => property === undefined || one.mainsnak.property === property),
    };
  }
  const parsed = parseGuid(guid);
  if (!parsed) throw invalidGuid();
  return {
    claims: grouped(find(call, parsed.entity), (one) => one.id.toLowerCase() === guid.toLowerCase()),
  };
}

export function invalidGuid(): ApiError {
  return ApiError.wikibase('invalid-guid', 'Invalid claim guid.');
}

function find({ wiki }: ApiCall, id: string): Statements {
  const page = filePage(wiki.store, id);
  const statements = page ? fileStatements(wiki.store, page) : findItem(wiki.store, id)?.item.claims;
  if (!statements) throw ApiError.noSuchEntity(id);
  return statements;
}

function grouped(statements: Statements, wanted: (statement: Statement) => boolean): Json {
  const groups: Record<string, Json[]> = {};
  for (const statement of allStatements(statements).filter(wanted)) {
    const { property } = statement.mainsnak;
    groups[property] = [...(groups[property] ?? []), withDatatypes(statement)];
  }
  return groups;
}
