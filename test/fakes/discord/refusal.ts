/** An answer of Discord that is not the wanted one. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(status: number, body: Record<string, unknown>, headers: Record<string, string> = {}) {
    super(String(body.message));
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Discord's own words and numbers (recorded: `documented_errors`). */
const KNOWN = {
  unknownChannel: [404, 10003, 'Unknown Channel'],
  unknownMessage: [404, 10008, 'Unknown Message'],
  unknownUser: [404, 10013, 'Unknown User'],
  unknownEmoji: [400, 10014, 'Unknown Emoji'],
  unknownWebhook: [404, 10015, 'Unknown Webhook'],
  unknownInteraction: [404, 10062, 'Unknown interaction'],
  tooManyReactions: [400, 30010, 'Maximum number of reactions reached (20)'],
  alreadyAcknowledged: [400, 40060, 'Interaction has already been acknowledged.'],
  missingAccess: [403, 50001, 'Missing Access'],
  notYours: [403, 50005, 'Cannot edit a message authored by another user'],
  empty: [400, 50006, 'Cannot send an empty message'],
  cannotTell: [403, 50007, 'Cannot send messages to this user'],
  missingPermissions: [403, 50013, 'Missing Permissions'],
  invalidWebhookToken: [401, 50027, 'Invalid Webhook Token'],
  threadArchived: [400, 50083, 'Thread is archived'],
  reactionBlocked: [403, 90001, 'Reaction blocked'],
} as const;

export function refuse(name: keyof typeof KNOWN): never {
  const [status, code, message] = KNOWN[name];
  throw new Refusal(status, { message, code });
}

/** A body that breaks a rule of the documentation. */
export function invalid(what: string): never {
  throw new Refusal(400, {
    message: 'Invalid Form Body',
    code: 50035,
    errors: { _errors: [{ message: what }] },
  });
}

export const unauthorized = () => new Refusal(401, { message: '401: Unauthorized', code: 0 });

/** 429 with the headers that discord.js needs. */
export function rateLimited(seconds: number, scope: 'user' | 'global', bucket = 'abcd1234'): Refusal {
  return new Refusal(
    429,
    { message: 'You are being rate limited.', retry_after: seconds, global: scope === 'global' },
    {
      'retry-after': String(seconds),
      'x-ratelimit-scope': scope,
      ...(scope === 'global'
        ? { 'x-ratelimit-global': 'true' }
        : {
            'x-ratelimit-limit': '1',
            'x-ratelimit-remaining': '0',
            'x-ratelimit-reset': String(Date.now() / 1000 + seconds),
            'x-ratelimit-reset-after': String(seconds),
            'x-ratelimit-bucket': bucket,
          }),
    },
  );
}
