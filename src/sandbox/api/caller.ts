import type { Wiki } from '../context.ts';
import type { MischiefRule } from '../misbehave.ts';
import { clientNumber } from '../options.ts';
import type { User } from '../state/users.ts';
import { ApiError } from './errors.ts';

/** Who asks: an account through a client, or nobody in particular. */
export interface Caller {
  user: User | null;
  scopes: string[];
  /** The edit token that is good for this caller now; `+\` for nobody. */
  editToken: string;
  /** Tag of edits through the client. */
  tag: string | null;
}

export const ANONYMOUS: Caller = { user: null, scopes: [], editToken: '+\\', tag: null };

/** The caller behind an Authorization header. Expired, revoked and invented tokens are answered alike. */
export function findCaller(wiki: Wiki, header: string, mischief: MischiefRule | null): Caller {
  if (mischief?.kind === 'database_down') {
    if (header) throw invalid();
    throw databaseDown();
  }
  if (mischief?.kind === 'mwoauth-invalid-authorization') throw invalid();
  if (!header) return ANONYMOUS;
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1];
  const access = token === undefined ? undefined : wiki.store.tokens.access(token);
  if (!access || access.revoked || access.expires <= wiki.clock.now()) throw invalid();
  const client = wiki.clients.find((one) => one.id === access.client_id);
  const user = wiki.store.users.byId(access.user_id);
  if (!user || !client) throw invalid();
  if (client.disabled || mischief?.kind === 'mwoauth-invalid-authorization-not-approved') {
    throw ApiError.core(
      'mwoauth-invalid-authorization-not-approved',
      `The app that you are trying to connect seems to be set up incorrectly. Contact the author of "${client.name}" for help.`,
    );
  }
  return {
    user,
    scopes: access.scopes.split(' '),
    editToken: wiki.store.tokens.editToken(access),
    tag: `OAuth CID: ${clientNumber(wiki.clients, client.id)}`,
  };
}

function invalid(): ApiError {
  return ApiError.core(
    'mwoauth-invalid-authorization',
    'The authorization headers in your request are not valid: Invalid access token',
  );
}

function databaseDown(): ApiError {
  const errorclass = 'Wikimedia\\Rdbms\\DBConnectionError';
  const text =
    'Exception caught: A database query error has occurred. This may indicate a bug in the software.';
  return new ApiError(
    [
      {
        code: 'internal_api_error_DBConnectionError',
        header: `internal_api_error_${errorclass}`,
        text,
        key: 'internal',
        data: { errorclass },
      },
    ],
    { status: 500, headers: { 'Content-Type': 'text/html; charset=UTF-8' } },
  );
}
