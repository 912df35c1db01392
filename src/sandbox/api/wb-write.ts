import { randomUUID } from 'node:crypto';
import { filePage, fileStatements, findItem, statementsIn } from '../entity/entities.ts';
import { isWholeGuid, parseGuid, parseSnak, parseStatement, StatementProblem } from '../entity/parse.ts';
import { type Change, settle } from '../entity/patch.ts';
import { PROPERTIES } from '../entity/properties.ts';
import { editSummary, saveStatements } from '../entity/save.ts';
import {
  findStatement,
  type Snak,
  type Statement,
  type Statements,
  withDatatypes,
  withoutStatement,
  withStatement,
} from '../entity/statements.ts';
import { type Json, parseJson } from '../json.ts';
import type { Page } from '../state/pages.ts';
import type { ApiCall } from './call.ts';
import { ApiError } from './errors.ts';
import { checkSave } from './save-checks.ts';
import { baseConflictError } from './save-errors.ts';
import { invalidGuid } from './wb-get-claims.ts';

/** `wbsetclaim`: puts a whole statement under the id that the client made for it. */
export function wbsetclaim(call: ApiCall): Json {
  const { params, wiki } = call;
  const text = params.required('claim');
  const skipDuplicate = params.flag('ignoreduplicatemainsnak');
  params.get('index');
  const statement = problemsAsErrors(() =>
    parseStatement(parseJson(text), (id) => findItem(wiki.store, id) !== undefined),
  );
  const page = existingFile(call, parseGuid(statement.id)?.entity ?? '');
  const current = fileStatements(wiki.store, page) ?? {};
  if (skipDuplicate && hasMainSnak(current, statement.mainsnak)) {
    call.warnings.push({
      module: call.action,
      text: 'Duplicate main snak detected. Statement not added.',
      code: 'wikibase-setclaim-warning-duplicatemainsnak',
    });
    return {};
  }
  const known = findStatement(current, statement.id) !== undefined;
  const automatic = known ? 'wbsetclaim-update:2||1' : 'wbsetclaim-create:2||1';
  const revision = edit(call, page, [{ put: statement }], automatic, statement.mainsnak);
  return { pageinfo: { lastrevid: revision }, success: 1, claim: withDatatypes(statement) };
}

/** `wbcreateclaim`: always a new statement, even beside an equal one. */
export function wbcreateclaim(call: ApiCall): Json {
  const { params, wiki } = call;
  const entity = params.required('entity').toUpperCase();
  const property = params.required('property');
  const snaktype = params.required('snaktype');
  const value = parseJson(params.get('value') ?? 'null');
  if (!/^[MQ][1-9]\d*$/.test(entity)) throw ApiError.wikibase('invalid-entity-id', 'Invalid entity ID.');
  const page = existingFile(call, entity);
  const known = PROPERTIES[property];
  if (!known) {
    // The placeholder stands in the original's answer too.
    throw ApiError.wikibase('no-such-entity', 'Could not find an entity with the ID "$1".');
  }
  const datavalue = { value, type: known.valueType };
  const mainsnak = problemsAsErrors(() =>
    parseSnak({ property, snaktype, datavalue }, (id) => findItem(wiki.store, id) !== undefined),
  );
  const id = `${entity}$${randomUUID().toUpperCase()}`;
  const statement: Statement = { mainsnak, type: 'statement', id, rank: 'normal' };
  const revision = edit(call, page, [{ put: statement }], 'wbcreateclaim-create:1|', mainsnak);
  return { pageinfo: { lastrevid: revision }, success: 1, claim: withDatatypes(statement) };
}

/** `wbremoveclaims`: one or more statements of one entity, by id. */
export function wbremoveclaims(call: ApiCall): Json {
  const { params, wiki } = call;
  const guids = params.fewOf('claim') ?? [params.required('claim')];
  const entities = new Set(guids.map((guid) => (isWholeGuid(guid) ? parseGuid(guid)?.entity : undefined)));
  const [entity] = entities;
  if (entities.size !== 1 || entity === undefined) throw invalidGuid();
  const page = existingFile(call, entity);
  const base = baseRevision(call, page);
  const there = base?.statements ?? fileStatements(wiki.store, page) ?? {};
  const removed = guids.map((guid) => findStatement(there, guid));
  const [first] = removed;
  if (!first || removed.includes(undefined)) throw invalidGuid();
  const changes = guids.map((guid) => ({ remove: guid }));
  const automatic = `wbremoveclaims-remove:${guids.length}|`;
  const revision = edit(call, page, changes, automatic, first.mainsnak);
  return { pageinfo: { lastrevid: revision }, success: 1, claims: guids };
}

/** Carries changes out against the revision that the client had in mind. Answers the page's newest revision. */
function edit(call: ApiCall, page: Page, changes: Change[], automatic: string, snak: Snak): number {
  const { wiki } = call;
  const own = call.params.get('summary') ?? '';
  const base = baseRevision(call, page);
  const current = fileStatements(wiki.store, page) ?? {};
  const outcome = settle(changes, base?.statements ?? current, current, base?.stale ?? false);
  if (outcome === 'conflict') throw baseConflictError();
  const user = checkSave(call, page);
  if (outcome === 'nothing') return page.latest;
  if (outcome === 'patched') {
    call.warnings.push({
      module: call.action,
      text: 'Your edit was patched into the latest version.',
      message: 'wikibase-conflict-patched',
    });
  }
  const now = wiki.clock.now();
  wiki.rateLimit.count(user.id, now);
  return saveStatements(wiki.store, {
    page,
    statements: changes.reduce(applied, current),
    user,
    summary: editSummary(automatic, snak, own),
    tags: call.caller.tag === null ? [] : [call.caller.tag],
    at: now,
  });
}

function applied(statements: Statements, change: Change): Statements {
  return 'put' in change
    ? withStatement(statements, change.put)
    : withoutStatement(statements, change.remove);
}

/** The revision named by `baserevid`, and whether the page went on since. */
function baseRevision(call: ApiCall, page: Page): { statements: Statements; stale: boolean } | null {
  const id = Number(call.params.get('baserevid') ?? 0);
  if (id === 0) return null;
  const revision = call.wiki.store.pages.revision(id);
  if (revision?.page_id !== page.id) throw ApiError.wikibase('nosuchrevid', 'Revision with ID not found.');
  const statements = statementsIn(revision);
  if (!statements && fileStatements(call.wiki.store, page)) throw badRevision(page.id, id);
  return { statements: statements ?? {}, stale: id !== page.latest };
}

function badRevision(pageId: number, revision: number): ApiError {
  const errorclass = 'Wikibase\\Lib\\Store\\BadRevisionException';
  const text = `Exception caught: No such revision found for M${pageId}: ${revision}`;
  return ApiError.core(`internal_api_error_${errorclass}`, text, { errorclass });
}

function existingFile(call: ApiCall, entity: string): Page {
  const page = filePage(call.wiki.store, entity);
  if (!page) throw ApiError.noSuchEntity(entity);
  return page;
}

function hasMainSnak(statements: Statements, snak: Snak): boolean {
  return (statements[snak.property] ?? []).some((one) => one.mainsnak.hash === snak.hash);
}

function problemsAsErrors<Result>(step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof StatementProblem)) throw error;
    throw ApiError.wikibase(error.code, error.message, { key: error.key, params: error.params });
  }
}
