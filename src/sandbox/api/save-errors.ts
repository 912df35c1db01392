import type { Mischief } from '../misbehave.ts';
import type { Block } from '../state/users.ts';
import { readableTime } from '../times.ts';
import { blockInfo } from './block-info.ts';
import { ApiError, type ErrorPart, type WikiMessage } from './errors.ts';

const SAVE_FAILED: ErrorPart = {
  code: 'failed-save',
  text: 'The save has failed.',
  key: 'wikibase-api-failed-save',
};
const PERMISSION_ERROR: WikiMessage = {
  name: 'permissionserrors',
  parameters: [],
  html: 'Permission error',
};

interface Reason {
  part: Omit<ErrorPart, 'key'>;
  message: WikiMessage;
  /** Refusals of rights carry one message more. */
  rights: boolean;
  /** What the core adds at the end of the list forms. */
  more?: ErrorPart[];
}

/** `failed-save` with the reason behind it, as wbcreateclaim, wbsetclaim and wbremoveclaims report it. */
function saveError(action: string, reason: Reason): ApiError {
  const parts: [ErrorPart, ...ErrorPart[]] = [SAVE_FAILED, { ...reason.part, key: reason.message.name }];
  const messages: WikiMessage[] = [
    { name: SAVE_FAILED.key, parameters: [], html: SAVE_FAILED.text },
    reason.message,
  ];
  if (reason.rights) {
    parts.push({ code: 'permissionserrors', text: 'Permission error', key: 'permissionserrors' });
    messages.push(PERMISSION_ERROR);
  }
  return new ApiError(parts, { messages, module: action, more: reason.more ?? [] });
}

export function blockedError(action: string, block: Block, userName: string): ApiError {
  const admin = `[[User:${block.by}|\u202a${block.by}\u202c]]`;
  const start = readableTime(block.at);
  const end = readableTime(block.expires);
  const partial = block.pages !== undefined;
  const first = partial
    ? 'Your username or IP address is blocked from doing this. You may still be able to do other things on this site, such as editing certain pages.'
    : 'Your username or IP address has been blocked.';
  const rest = `The block was made by ${admin}. The reason given is ${block.reason}. * Start of block: ${start} * Expiration of block: ${end} * Intended blockee: \u202a${userName}\u202c`;
  return saveError(action, {
    part: { code: 'blocked', text: `${first} ${rest}` },
    message: {
      name: partial ? 'blockedtext-partial' : 'blockedtext',
      parameters: [
        admin,
        block.reason,
        '127.0.0.1',
        `\u202a${block.by}\u202c`,
        block.id,
        end,
        `\u202a${userName}\u202c`,
        start,
      ],
      html: `<p><strong>${first}</strong>\n</p><p>${rest}</p>`,
    },
    rights: true,
    more: [
      {
        code: 'blocked',
        text: 'You have been blocked from editing.',
        key: 'apierror-blocked',
        data: { blockinfo: blockInfo(block) },
      },
    ],
  });
}

export function protectedError(action: string): ApiError {
  const text = 'This page has been protected to prevent editing or other actions.';
  return saveError(action, {
    part: { code: 'protectedpage', text },
    message: { name: 'protectedpagetext', parameters: ['editprotected', 'edit'], html: text },
    rights: true,
  });
}

export function permissionError(action: string): ApiError {
  const text = 'The action you have requested is limited to users in one of the groups: *, Users.';
  return saveError(action, {
    part: { code: 'permissiondenied', text },
    message: { name: 'badaccess-groups', parameters: ['*, [[Pocket wiki:Users|Users]]', 2], html: text },
    rights: true,
  });
}

export function rateLimitedError(action: string): ApiError {
  const first =
    'As an anti-abuse measure, you are limited from performing this action too many times in a short space of time, and you have exceeded this limit.';
  const second = 'Please try again in a few minutes.';
  return saveError(action, {
    part: { code: 'ratelimited', text: `${first} ${second}` },
    message: { name: 'actionthrottledtext', parameters: [], html: `${first}\n${second}` },
    rights: false,
  });
}

function parallelEditError(action: string): ApiError {
  return saveError(action, {
    part: { code: 'editconflict', text: 'Edit conflict.' },
    message: { name: 'edit-conflict', parameters: [], html: 'Edit conflict.' },
    rights: false,
  });
}

/** A conflict with an older base revision: another code in front than for parallel writes. */
export function baseConflictError(): ApiError {
  return ApiError.wikibase('editconflict', 'Edit conflict. Could not patch the current revision.', {
    more: [{ name: 'edit-conflict', parameters: [], html: 'Edit conflict.' }],
  });
}

const FILTER = { id: '1', description: 'Practice filter', actions: ['disallow'] };

function abuseFilterError(action: string, kind: 'disallowed' | 'warning'): ApiError {
  const text =
    kind === 'disallowed'
      ? 'This action has been automatically identified as harmful, and therefore disallowed. If you believe your action was constructive, please inform an administrator of what you were trying to do. A brief description of the abuse rule which your action matched is: Practice filter'
      : 'Warning: This action has been automatically identified as harmful. Unconstructive actions will be quickly reverted, and egregious or repeated unconstructive editing will result in your account or IP address being blocked. If you believe this action to be constructive, you may submit it again to confirm it. A brief description of the abuse rule which your action matched is: Practice filter';
  const actions = kind === 'disallowed' ? FILTER.actions : ['warn'];
  return saveError(action, {
    part: { code: `abusefilter-${kind}`, text, data: { abusefilter: { ...FILTER, actions } } },
    message: {
      name: `abusefilter-${kind}`,
      parameters: [FILTER.description, FILTER.id],
      html: text.replace(/^Warning:/, '<b>Warning:</b>'),
    },
    rights: false,
  });
}

/** The refusal that a test asked for, when it is one of the moment of saving. */
export function mischiefAtSave(
  kind: Mischief | undefined,
  action: string,
  user: string,
  now: number,
): ApiError | null {
  switch (kind) {
    case 'ratelimited':
      return rateLimitedError(action);
    case 'protectedpage':
      return protectedError(action);
    case 'permissiondenied':
      return permissionError(action);
    case 'editconflict':
      return parallelEditError(action);
    case 'abusefilter-warning':
      return abuseFilterError(action, 'warning');
    case 'abusefilter-disallowed':
      return abuseFilterError(action, 'disallowed');
    case 'blocked': {
      const block = { id: 1, by: 'Practice Admin', byId: 90, reason: 'practice block', at: now };
      return blockedError(action, { ...block, expires: now + 7 * 86_400_000 }, user);
    }
    default:
      return null;
  }
}
