import type { Page } from '../state/pages.ts';
import { standingBlock, type User } from '../state/users.ts';
import type { ApiCall } from './call.ts';
import { ApiError } from './errors.ts';
import {
  blockedError,
  mischiefAtSave,
  permissionError,
  protectedError,
  rateLimitedError,
} from './save-errors.ts';

/** Everything that can refuse an edit at the last moment, after the statement itself was found good. */
export function checkSave(call: ApiCall, page: Page): User {
  const { wiki, caller, action, mischief } = call;
  const { user } = caller;
  if (!user) throw permissionError(action);
  const now = wiki.clock.now();
  const wanted = mischiefAtSave(mischief?.kind, action, user.name, now);
  if (wanted) throw wanted;
  checkTags(call);
  if (!caller.scopes.includes('editpage')) throw permissionError(action);
  const block = standingBlock(user, now);
  if (block && (block.pages === undefined || block.pages.includes(page.id))) {
    throw blockedError(action, block, user.name);
  }
  if (page.protected && !user.groups.includes('sysop')) throw protectedError(action);
  if (wiki.rateLimit.exceeded(user.id, now)) throw rateLimitedError(action);
  return user;
}

/** No tag can be set by hand here: the one of the client comes by itself. */
function checkTags({ params }: ApiCall): void {
  const tags = params.list('tags') ?? [];
  const [first] = tags;
  if (first === undefined) return;
  const text = `The tag "${first}" is not allowed to be manually applied.`;
  throw ApiError.core('badtags', text, { disallowedtags: tags });
}
