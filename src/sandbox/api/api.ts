import type { Wiki } from '../context.ts';
import type { Json } from '../json.ts';
import { DEFAULT_LAG_S, type MischiefRule, WRITE_ACTIONS } from '../misbehave.ts';
import type { ApiCall, ApiModule } from './call.ts';
import { ANONYMOUS, type Caller, findCaller } from './caller.ts';
import { ApiError } from './errors.ts';
import { asVersionOne, errorBody, type OutputFormat, warningsBody } from './format.ts';
import { Params } from './params.ts';
import { query } from './query.ts';
import { wbgetclaims } from './wb-get-claims.ts';
import { wbgetentities } from './wb-get-entities.ts';
import { wbsearchentities } from './wb-search.ts';
import { wbcreateclaim, wbremoveclaims, wbsetclaim } from './wb-write.ts';

const MODULES: Record<string, ApiModule> = {
  query,
  wbgetentities,
  wbgetclaims,
  wbsearchentities,
  wbcreateclaim,
  wbsetclaim,
  wbremoveclaims,
};

export interface ApiRequest {
  method: string;
  query: Readonly<Record<string, string>>;
  form: Readonly<Record<string, string>>;
  authorization: string;
  mischief: MischiefRule | null;
}

export interface ApiAnswer {
  status: number;
  headers: Record<string, string>;
  /** Null when a person's help page is the answer: no action, or not JSON. */
  body: Json | null;
}

/** Answers one request to `/w/api.php`, in the order of checks of the original. */
export function answerApi(wiki: Wiki, request: ApiRequest): ApiAnswer {
  const values = { ...request.query, ...request.form };
  if (values.action === undefined || values.format !== 'json')
    return { status: 200, headers: {}, body: null };
  const format: OutputFormat = {
    version: values.formatversion === '2' || values.formatversion === 'latest' ? 2 : 1,
    errorformat: values.errorformat ?? 'bc',
    apiUrl: wiki.urls.api,
  };
  try {
    const call = prepare(wiki, request, values);
    const module = MODULES[call.action];
    if (!module) {
      throw ApiError.core('badvalue', `Unrecognized value for parameter "action": ${call.action}.`);
    }
    const answer = module(call);
    const unread = call.params.unread();
    if (unread.length > 0) call.warnings.push(unrecognised(unread));
    call.warnings.push(...call.params.warnings);
    const body = { ...warningsBody(call.warnings, format), ...answer };
    return { status: 200, headers: {}, body: format.version === 1 ? asVersionOne(body) : body };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const codes = error.parts.map((part) => part.header ?? part.code).join(', ');
    const headers = { 'MediaWiki-API-Error': codes, ...error.headers };
    return { status: error.status, headers, body: errorBody(error, format) };
  }
}

function prepare(wiki: Wiki, request: ApiRequest, values: Record<string, string>): ApiCall {
  const { mischief } = request;
  const action = values.action ?? '';
  const caller = findCaller(wiki, request.authorization, mischief);
  checkAssertions(values, caller);
  const call: ApiCall = {
    wiki,
    action,
    params: new Params(values),
    caller,
    posted: request.method === 'POST',
    tokenInAddress: request.query.token !== undefined,
    mischief,
    warnings: [],
  };
  if (WRITE_ACTIONS.has(action)) checkToken(call, values.token);
  if (mischief?.kind === 'readonly') {
    throw ApiError.core('readonly', 'The wiki is currently in read-only mode.', {
      readonlyreason: 'Maintenance for the test',
    });
  }
  if (mischief?.kind === 'maxlag') throw lagged(mischief.seconds ?? DEFAULT_LAG_S);
  return call;
}

function checkAssertions(values: Record<string, string>, { user }: Caller): void {
  if (values.assert === 'user' && !user) {
    throw ApiError.core(
      'assertuserfailed',
      'You are no longer logged in, so the action could not be completed.',
    );
  }
  if (values.assert === 'bot' && !user?.groups.includes('bot')) {
    throw ApiError.core(
      'assertbotfailed',
      'You do not have the "bot" right, so the action could not be completed.',
    );
  }
  if (values.assertuser !== undefined && values.assertuser !== user?.name) {
    throw ApiError.core(
      'assertnameduserfailed',
      `You are no longer logged in as "${values.assertuser}", so the action could not be completed.`,
    );
  }
}

function checkToken(call: ApiCall, token: string | undefined): void {
  if (call.tokenInAddress) {
    throw ApiError.core(
      'mustpostparams',
      'The following parameter was found in the query string, but must be in the POST body: token.',
    );
  }
  if (!call.posted) {
    throw ApiError.core('mustbeposted', `The "${call.action}" module requires a POST request.`);
  }
  if (!token) throw ApiError.core('missingparam', 'The "token" parameter must be set.');
  if (token !== call.caller.editToken || call.mischief?.kind === 'badtoken') {
    throw ApiError.core('badtoken', 'Invalid CSRF token.');
  }
  if (call.caller === ANONYMOUS) {
    // The original lets visitors edit by default. Here nobody should, so that a lost header is noticed.
    throw ApiError.core(
      'permissiondenied',
      'You do not have the permissions needed to carry out this action.',
    );
  }
}

function lagged(lag: number): ApiError {
  const text = `Waiting for a database server: ${lag} seconds lagged.`;
  return ApiError.core(
    'maxlag',
    text,
    { host: 'db1001', lag, type: 'db' },
    { 'Retry-After': '5', 'X-Database-Lag': String(Math.floor(lag)) },
  );
}

function unrecognised(names: string[]): { module: string; text: string } {
  const plural = names.length > 1 ? 'parameters' : 'parameter';
  return { module: 'main', text: `Unrecognized ${plural}: ${names.join(', ')}.` };
}
