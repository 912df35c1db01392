import { afterEach, expect, it } from 'vitest';
import { type EligibilityRules, holdRules, OPEN_TO_ALL } from '../../src/core/accounts/eligibility.ts';
import { castBallot } from '../../src/core/review/votes.ts';
import { addMember, addProject } from '../support/people.ts';
import { addFace, addFile } from '../support/pictures.ts';
import { Person } from './person.ts';
import { type Product, startProduct, textOf } from './product.ts';

const ANNA = 'Practice Anna';
const NEW = 'Practice Eli';
const API = '/w/api.php';

let product: Product;
afterEach(() => product.close());
const start = async (given: Partial<EligibilityRules>) => {
  product = await startProduct({ web: { rules: { ...OPEN_TO_ALL, ...given } } });
};
const rows = async () => (await product.store.db.selectFrom('account_tokens').selectAll().execute()).length;

it.each([
  ['edits', { minEdits: 10 }, 'an account needs 10 edits; yours has 2.'],
  ['a group', { neededGroup: 'autoconfirmed' }, 'must be in the group autoconfirmed of the wiki'],
  ['a list', { allowedUsers: [ANNA] }, `${NEW} is not on the list`],
] satisfies [string, Partial<EligibilityRules>, string][])(
  'the rule about %s lets one in, and tells the other why not',
  async (_what, rules, words) => {
    await start(rules);
    const refused = new Person();
    const page = await product.signIn(refused, NEW);
    expect(page.status).toBe(403);
    expect(textOf(page)).toContain(words);
    expect((await refused.open(`${product.site.deps.publicUrl}/account`)).status).toBe(401);
    expect(await rows()).toBe(0);
    expect((await product.signIn(new Person(), ANNA)).url.pathname).toBe('/account');
  },
);

it('the rule about age counts from the registration on', async () => {
  const age = Math.floor((Date.now() - Date.UTC(2026, 0, 10, 9)) / 86_400_000);
  await start({ minAccountDays: age + 100 });
  const page = await product.signIn(new Person(), NEW);
  expect(page.status).toBe(403);
  expect(textOf(page)).toMatch(new RegExp(`must be ${age + 100} days old; yours is ${age + 1}\\.`));
  expect((await product.signIn(new Person(), ANNA)).status).toBe(200);
});

it('when the wiki cannot tell the standing, rules keep everybody out for now', async () => {
  await start({ minEdits: 1 });
  product.pocket.misbehave.always({ kind: 'http503', match: { path: API } });
  const page = await product.signIn(new Person(), ANNA);
  expect(page.status).toBe(502);
  expect(textOf(page)).toContain('could not sign you in now');
  product.pocket.misbehave.clear();
  expect((await product.signIn(new Person(), ANNA)).status).toBe(200);
});

it('without rules the profile is enough', async () => {
  await start({});
  product.pocket.misbehave.always({ kind: 'http503', match: { path: API } });
  expect((await product.signIn(new Person(), ANNA)).url.pathname).toBe('/account');
});

it('an account that no longer meets the rules may look, and votes no more', async () => {
  await start({});
  const { store, site } = product;
  const person = new Person();
  await product.signIn(person, NEW);
  const accountId = await product.accountId(NEW);
  const project = await addProject(store);
  await addMember(store, project.id, { accountId });
  const face = { faceId: await addFace(store, await addFile(store, project.id)), person: 'Q1' };
  const vote = () =>
    castBallot(site.deps, {
      projectId: project.id,
      accountId,
      answers: [{ ...face, answer: 'yes' }],
      questionId: null,
      platform: 'web',
    });
  expect((await vote()).cast).toBe(1);
  await holdRules(site.deps, { ...OPEN_TO_ALL, minEdits: 10 });
  await expect(vote()).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('needs 10 edits, and yours has 2'),
  });
  expect((await person.open(`${site.deps.publicUrl}/projects/${project.id}`)).status).toBe(200);
});
