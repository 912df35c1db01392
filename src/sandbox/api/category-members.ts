import type { Json } from '../json.ts';
import { MEMBER_TYPES, type Member, type MemberPosition, type MemberType } from '../state/categories.ts';
import { isoTime } from '../times.ts';
import { parseTitle } from '../titles.ts';
import type { ApiCall } from './call.ts';
import { ApiError } from './errors.ts';

/** Members of one category, for the list and (with the prefix `g`) for the generator. */
export function categoryMembers(call: ApiCall, prefix: '' | 'g'): { members: Member[]; next: Json | null } {
  const { params, wiki } = call;
  const name = (rest: string) => `${prefix}cm${rest}`;
  const category = chosenCategory(call, prefix);
  const asked = params.choices(name('type'), MEMBER_TYPES, 'categorymembers');
  const types: readonly MemberType[] = asked.length > 0 ? asked : MEMBER_TYPES;
  const limit = params.limit(name('limit'), 10, 500, 'categorymembers');
  const continued = params.get(name('continue'));
  const from = continued === undefined ? undefined : parsePosition(continued);
  const found = wiki.store.categories.members(category, types, limit + 1, from);
  const beyond = found[limit];
  return {
    members: found.slice(0, limit),
    next: beyond ? { [name('continue')]: `${beyond.type}|${beyond.sortkey}|${beyond.id}` } : null,
  };
}

/** `list=categorymembers`. */
export function listCategoryMembers(call: ApiCall): { entries: Json[]; next: Json | null } {
  const { members, next } = categoryMembers(call, '');
  const props = call.params.list('cmprop') ?? ['ids', 'title'];
  const entries = members.map((member) => ({
    ...(props.includes('ids') && { pageid: member.id }),
    ...(props.includes('title') && { ns: member.ns, title: member.title }),
    ...(props.includes('sortkeyprefix') && { sortkeyprefix: '' }),
    ...(props.includes('type') && { type: member.type }),
    ...(props.includes('timestamp') && { timestamp: isoTime(member.added) }),
  }));
  return { entries, next };
}

function chosenCategory({ params, wiki }: ApiCall, prefix: string): string {
  const id = params.get(`${prefix}cmpageid`);
  const raw =
    id === undefined ? params.required(`${prefix}cmtitle`) : wiki.store.pages.byId(Number(id))?.title;
  const title = parseTitle(raw ?? '');
  if (title.ns !== 14) throw ApiError.core('invalidcategory', 'The category name you entered is not valid.');
  return title.full;
}

function parsePosition(text: string): MemberPosition {
  const [type, sortkey, id, more] = text.split('|');
  const known = MEMBER_TYPES.find((one) => one === type);
  if (
    !known ||
    sortkey === undefined ||
    !/^[0-9a-f]*$/.test(sortkey) ||
    more !== undefined ||
    !/^\d+$/.test(id ?? '')
  ) {
    throw ApiError.core(
      'badcontinue',
      'Invalid continue param. You should pass the original value returned by the previous query.',
    );
  }
  return { type: known, sortkey, pageId: Number(id) };
}
