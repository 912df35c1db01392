import type { User } from '../state/users.ts';

const DAY = 86_400_000;
/** Everything in the practice wiki happened on and after this day. */
export const BEGINNING = Date.UTC(2026, 0, 10, 9);

const EVERYBODY = ['*', 'user'];
const REGULAR = [...EVERYBODY, 'autoconfirmed'];

/** Uploads and other people's statements are theirs; nobody can sign in as them. */
export const UPLOADER = 'Practice Uploader';
export const ADMIN = 'Practice Admin';

export const ACCOUNTS: User[] = [
  account(1, 'Practice Anna', 1520, REGULAR, 3000),
  account(2, 'Practice Bo', 640, REGULAR, 1200),
  account(3, 'Practice Chen', 87, REGULAR, 400),
  {
    ...account(4, 'Practice Dee', 31, REGULAR, 90),
    block: {
      id: 1,
      by: ADMIN,
      byId: 90,
      reason: 'Practice block, to see what happens',
      at: BEGINNING,
      expires: Date.UTC(2126, 0, 1),
    },
  },
  account(5, 'Practice Eli', 2, EVERYBODY, 1),
  { ...account(90, ADMIN, 12_000, [...REGULAR, 'sysop'], 4000), maySignIn: false },
  { ...account(91, UPLOADER, 900, REGULAR, 2000), maySignIn: false },
];

/** Central ids are other numbers than the wiki's own, as with real accounts. */
function account(id: number, name: string, editcount: number, groups: string[], days: number): User {
  return {
    id,
    name,
    centralId: 880_000 + id * 7,
    registered: BEGINNING - days * DAY,
    editcount,
    groups,
    maySignIn: true,
    block: null,
  };
}
