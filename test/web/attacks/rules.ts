import {
  type Asking,
  blockedHere,
  claim,
  decided,
  declared,
  drawnBy,
  failedFile,
  NEW_SOURCE,
  noClaim,
  ownSources,
  type Right,
  type Rule,
  SOURCE,
  spareMember,
} from './asking.ts';
import { THEIR_STATEMENT } from './world.ts';

type More = Omit<Rule, 'right'>;
type Fields = Rule['fields'] | Record<string, string>;

const of = (right: Right) => ({
  get: (more: More = {}): Rule => ({ right, changesNothing: true, ...more }),
  post: (fields: Fields = {}, more: More = {}): Rule => ({
    right,
    fields: typeof fields === 'function' ? fields : () => fields,
    ...more,
  }),
});
const everybody = of('everybody');
const account = of('account');
const linked = of('linked');
const member = of('member');
const owner = of('owner');
const administrator = of('administrator');

const RULES_OF_A_PROJECT = {
  title: 'Another title',
  language: 'en',
  votesNeeded: '3',
  threshold: '0.5',
  minConfirmed: '2',
  depth: '3',
};
const NEW_PROJECT = {
  act: 'create',
  persons: 'Q5',
  category: 'People',
  title: 'A new one',
  threshold: '0.6',
  minConfirmed: '2',
  votesNeeded: '2',
  depth: '3',
  acknowledged: 'on',
  anyway: 'on',
};

/**
 * Every route of the site: who may, and a request that is in order, so that it is the right alone that decides.
 * A route without a line here fails the test; `npx vitest run test/web/attacks` says which.
 */
export const RULES: Readonly<Record<string, Rule>> = {
  // What explains, and what machines ask.
  'GET /': everybody.get(),
  'GET /help': everybody.get(),
  'GET /privacy': everybody.get(),
  'GET /robots.txt': everybody.get(),
  'GET /live': everybody.get(),
  'GET /ready': everybody.get(),
  'GET /health': everybody.get(),
  // For whoever has the token of the operator, and nowhere where there is none, as here.
  'GET /metrics': everybody.get({ gives: 404 }),
  'GET /leaderboard': everybody.get(),

  // Signing in and out. The callback without a sign-in under way is refused.
  'GET /sign-in': everybody.get({ gives: 302 }),
  'GET /oauth/callback': everybody.get({ gives: 400 }),
  'POST /sign-out': everybody.post({}, { changesNothing: true }),
  'POST /sign-out-everywhere': everybody.post({}, { changesNothing: true }),
  'GET /language': everybody.get(),
  'POST /language': everybody.post({ language: 'nb' }),

  // One's own account.
  'GET /account': account.get(),
  'GET /account/data.json': account.get(),
  'GET /account/delete': account.get(),
  'POST /account/delete': account.post({ sure: 'on' }),
  'POST /account/leaderboard': account.post({ hide: 'on' }),
  'POST /account/identities/:id/unlink': account.post(),
  'GET /link/:token': everybody.get(),
  'POST /link/:token': linked.post(),

  // One's own data sources: nobody else's approvals, notices and keys are there.
  'GET /data-sources': account.get(),
  'POST /data-sources/begin': linked.post(NEW_SOURCE),
  'GET /data-sources/confirm/:id': account.get({ prepare: ownSources }),
  'POST /data-sources/confirm/:id/sign-in': account.post({}, { prepare: ownSources, changesNothing: true }),
  'POST /data-sources/confirm/:id/finish': linked.post({}, { prepare: ownSources }),
  'POST /data-sources/pause': account.post({ origin: SOURCE }, { prepare: ownSources }),
  'POST /data-sources/remove': account.post({ origin: SOURCE }, { prepare: ownSources }),
  'POST /data-sources/pending/:id/cancel': account.post({}, { prepare: ownSources }),
  'POST /data-sources/notices/:id/dismiss': account.post({}, { prepare: ownSources, elsewhere: 303 }),
  // Without an authenticator there is no answer to the challenge.
  'POST /data-sources/confirm/:id/passkey': account.post(
    { response: '{}' },
    { prepare: ownSources, gives: 403, changesNothing: true },
  ),
  'POST /data-sources/passkeys/begin': linked.post({ name: 'My key' }),
  'POST /data-sources/passkeys/:id/remove': account.post({}, { prepare: ownSources }),

  // Projects. Whoever was shut out is let in by no invitation.
  'GET /projects': everybody.get(),
  'GET /projects/new': linked.get(),
  'POST /projects/new': linked.post(NEW_PROJECT),
  'GET /projects/:id': everybody.get(),
  'GET /projects/:id/live': everybody.get(),
  'GET /projects/:id/events': everybody.get(),
  'GET /projects/:id/members': everybody.get(),
  'GET /join': everybody.get(),
  'GET /join/:code': everybody.get(),
  'POST /join/:code': linked.post({}, { but: { banned: 403 } }),
  'GET /projects/:id/verdicts.csv': member.get(),
  'GET /projects/:id/verdicts.json': member.get(),
  // An administrator is no member.
  // The only other owner is blocked, so this one may not.
  'POST /projects/:id/leave': member.post({}, { but: { administrator: 404, owner: 409 } }),

  // What owners decide.
  'GET /projects/:id/settings': owner.get(),
  'POST /projects/:id/settings': owner.post(RULES_OF_A_PROJECT),
  'POST /projects/:id/care': owner.post({ checkEvery: '9', careful: 'on', pausePercent: '20' }),
  'POST /projects/:id/channel-codes': owner.post({}, { gives: 200 }),
  'POST /projects/:id/channels/:channel': owner.post(({ ids }) => ({
    [`language-${ids.channel}`]: 'nb',
    [`maxOpen-${ids.channel}`]: '2',
    [`pace-${ids.channel}`]: '9',
    [`quiet-${ids.channel}`]: '22:00-07:00',
    [`timeZone-${ids.channel}`]: 'Europe/Oslo',
  })),
  'POST /projects/:id/channels/:channel/unbind': owner.post(),
  'POST /projects/:id/state': owner.post({ state: 'paused' }),
  'POST /projects/:id/exclusions': owner.post({ excluded: 'Statues' }),
  'POST /projects/:id/ask-rest': owner.post(),
  'POST /projects/:id/delete': owner.post({ sure: 'on' }),
  // Everybody may read what a project asks for.
  'GET /projects/:id/data-sources': everybody.get({ prepare: declared }),
  'POST /projects/:id/data-sources': owner.post({
    origin: 'https://museum.example.org',
    who: 'The museum',
    purpose: 'Portraits.',
  }),
  'POST /projects/:id/data-sources/withdraw': owner.post({ origin: SOURCE }, { prepare: declared }),
  'POST /projects/:id/data-sources/references': owner.post(
    ({ ids }) => ({
      person: ids.person,
      kind: 'portrait',
      url: `${SOURCE}/portrait.jpg`,
      title: 'A portrait',
    }),
    { prepare: declared },
  ),
  'POST /projects/:id/data-sources/references/:reference/remove': owner.post({}, { prepare: declared }),
  'GET /projects/:id/disputes': owner.get(),
  'POST /projects/:id/invitations': owner.post({}, { gives: 200 }),
  'POST /projects/:id/invitations/:invitation/revoke': owner.post(),
  'POST /projects/:id/members/:member/role': owner.post({ role: 'owner' }),
  'POST /projects/:id/members/:member/remove': owner.post(),
  'POST /projects/:id/members/:member/ban': owner.post({ recount: 'on' }),
  'POST /projects/:id/members/:member/unban': owner.post({}, { prepare: spareMember({ status: 'banned' }) }),
  'POST /projects/:id/members/:member/recount': owner.post(
    {},
    { prepare: spareMember({ status: 'banned' }) },
  ),
  'POST /projects/:id/members/:member/end-probation': owner.post(
    {},
    { prepare: spareMember({ probation_at: 1 }) },
  ),
  // Whoever has said nothing here has nothing taken back.
  'POST /projects/:id/members/:member/undo': owner.post({ hours: '24' }, { elsewhere: 303 }),
  'POST /faces/:id/reopen': owner.post(({ ids }) => ({ project: String(ids.project), person: ids.person }), {
    params: ({ ids }) => ({ id: ids.matched }),
    names: ['project', 'matched'],
  }),

  // Answers.
  'GET /faces/:id': everybody.get(),
  // The stand-in draws none.
  'GET /faces/:id/crop.jpg': everybody.get({ gives: 404 }),
  'POST /faces/:id/answer': member.post(
    ({ ids }) => ({ project: String(ids.project), person: ids.person, answer: 'yes' }),
    { names: ['project', 'face'] },
  ),
  'GET /projects/:id/files/:file': member.get(),
  'POST /projects/:id/files/:file/boxes': member.post(
    ({ ids }) => ({ version: ids.version, x: '60', y: '60', w: '20', h: '20', person: ids.person }),
    { names: ['file'] },
  ),
  // Whoever drew it, and owners.
  'POST /faces/:id/withdraw': member.post(({ ids }) => ({ project: String(ids.project) }), {
    prepare: ({ world, ids }) => drawnBy(world, ids, world.accounts.member),
    names: ['project', 'face'],
  }),
  'GET /projects/:id/review': member.get(),
  'POST /projects/:id/review': member.post(
    ({ ids }) => ({ person: ids.person, faces: String(ids.face), answer: 'yes' }),
    { names: ['face'] },
  ),
  'POST /projects/:id/review/undo': member.post(({ world, kind }) => ({
    ballot: String(world.ballots[kind] ?? ''),
  })),

  // Writing.
  'GET /projects/:id/write': member.get(),
  'POST /projects/:id/write/boxes': owner.post({ boxes: 'on' }),
  'POST /projects/:id/write': member.post({}, { prepare: noClaim }),
  'GET /projects/:id/runs/:run': everybody.get(),
  'POST /projects/:id/runs/:run/stop': member.post(
    {},
    {
      prepare: ({ world, ids }) =>
        world.store.db.updateTable('runs').set({ state: 'working' }).where('id', '=', ids.run).execute(),
    },
  ),
  // The run is the owner's: members take back their own.
  'POST /projects/:id/runs/:run/undo': owner.post(),
  'POST /projects/:id/runs/:run/claims/:claim/retry': member.post({}, { prepare: claim('failed') }),
  'POST /projects/:id/runs/:run/claims/:claim/undo': owner.post(),
  'POST /projects/:id/runs/:run/claims/:claim/prominent': member.post({ prominent: 'yes' }),
  'POST /projects/:id/runs/:run/claims/:claim/theirs': owner.post(
    { statement: THEIR_STATEMENT, yes: 'on' },
    { prepare: claim('present') },
  ),

  // The practice room: who somebody is there hangs on the browser alone.
  'GET /room': everybody.get({ gives: 302 }),
  'GET /room/:channel': everybody.get(),
  'GET /room/:channel/messages': everybody.get(),
  'GET /room/:channel/events': everybody.get(),
  'GET /room/:channel/pictures/:id': everybody.get(),
  'POST /room/:channel/messages': everybody.post({ text: 'Hello', key: 'k1' }),
  'POST /room/:channel/messages/:id/reactions': everybody.post({ change: 'add ✅' }),
  'POST /room/:channel/name': everybody.post({ name: 'Somebody' }, { changesNothing: true }),

  // What modules ask.
  'GET /api/items': linked.get({ query: '?search=ada' }),
  'GET /api/category': linked.get({ query: '?title=People' }),

  // Browsers report by themselves, so there is no token; a form is no report.
  'POST /api/csp/reports': everybody.post({}, { gives: 415, changesNothing: true }),
  // For a wiki with the operator's token, and nowhere where there is none, as here.
  'GET /api/csp/users/:user/fragment': everybody.get({ gives: 404 }),
  'GET /api/csp/users/:user/check': everybody.get({ gives: 404 }),
  'GET /api/csp/changes': everybody.get({ gives: 404 }),

  // Administration.
  'GET /admin': administrator.get(),
  'POST /admin/read-only': administrator.post({ on: 'yes', reason: 'an emergency' }),
  'GET /admin/projects': administrator.get(),
  'GET /admin/accounts': administrator.get({ query: '?name=a' }),
  'POST /admin/accounts/:id/block': administrator.post(
    { reason: 'It votes by program.' },
    { params: ({ ids }) => ({ id: ids.member }) },
  ),
  'POST /admin/accounts/:id/unblock': administrator.post(
    {},
    { params: ({ ids }) => ({ id: ids.member }), prepare: blockedHere },
  ),
  'GET /admin/runs': administrator.get(),
  'GET /admin/files': administrator.get(),
  'POST /admin/files/retry': administrator.post({ kind: 'broken_picture' }, { prepare: failedFile }),
  'POST /admin/files/:id/retry': administrator.post({}, { prepare: failedFile }),
  'GET /admin/log': administrator.get(),
  'GET /admin/log/check': administrator.get(),
  'GET /admin/data-sources': administrator.get({ prepare: decided }),
  'POST /admin/data-sources/policy': administrator.post({
    mode: 'off',
    ports: '8443',
    sampling: '1',
    wait: '24',
  }),
  'POST /admin/data-sources/denied': administrator.post({ host: 'ads.example.org', reason: 'It tracks.' }),
  'POST /admin/data-sources/denied/remove': administrator.post(
    { host: 'tracker.example.org' },
    { prepare: decided },
  ),
  'POST /admin/data-sources/allowed': administrator.post({ origin: 'https://a.example.org', label: 'A' }),
  'POST /admin/data-sources/allowed/remove': administrator.post({ origin: SOURCE }, { prepare: decided }),
  'POST /admin/data-sources/shared': administrator.post({ shared: 'cdn.example.org', segments: '2' }),
  'GET /admin/blocks': administrator.get(),
  'POST /admin/blocks/person': administrator.post({ person: 'Q77', reason: 'asked for it' }, { gives: 200 }),
  'POST /admin/blocks/file': administrator.post({ file: 'A.jpg', reason: 'asked for it' }),
  'POST /admin/blocks/:id/remove': administrator.post(),
};

/** What `ownSources` makes. */
const OWN = { confirm: 1, pending: 1, notices: 1, passkeys: 1 };

/** The address of a request, with the real ids of a project. */
export function addressOf(path: string, rule: Rule, asking: Asking): string {
  const { world, ids, kind } = asking;
  const first = path.split('/')[1] ?? '';
  const before = (name: string) => path.split('/')[path.split('/').indexOf(name) - 1] ?? '';
  const known: Record<string, string | number> = {
    id:
      {
        projects: ids.project,
        faces: ids.face,
        identities: kind === 'visitor' ? world.identities.owner : world.identities[kind],
        messages: world.message,
        pictures: world.message,
        blocks: world.block,
        files: ids.file,
        ...OWN,
      }[before(':id')] ?? '',
    channel: first === 'room' ? 'practice' : ids.channel,
    member: ids.member,
    invitation: ids.invitation,
    run: ids.run,
    file: ids.file,
    claim: ids.claim,
    code: ids.code,
    reference: 1,
    user: 1,
    token: world.linkToken,
    ...rule.params?.(asking),
  };
  return (
    path.replace(/:(\w+)/g, (_all, name: string) => {
      const value = known[name];
      if (value === undefined || value === '')
        throw new Error(`rules.ts does not know what :${name} is in ${path}`);
      return String(value);
    }) + (rule.query ?? '')
  );
}
