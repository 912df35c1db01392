import { sql } from 'kysely';
import { firstBrokenAuditRow } from '../../src/core/platform/audit.ts';
import { compareWithVotes } from '../../src/core/review/replay.ts';
import type { Answer } from '../../src/core/store/schema.ts';
import type { Store } from '../../src/core/store/store.ts';
import { type Community, ownMessages, type Project, runOf } from './community.ts';
import { expectedAnswers } from './journal.ts';
import type { Scene } from './scene.ts';
import type { WikiPage } from './wiki.ts';

export interface Totals {
  /** Answers that people gave, changed or took back. */
  readonly votes: number;
  readonly claims: number;
  readonly written: number;
  readonly takenBack: number;
  /** Revisions of ours on the wiki. */
  readonly edits: number;
  readonly posts: number;
  readonly runs: number;
  readonly faces: number;
}

/** What is not as it must be, in words; empty when all is well. */
export async function compare(
  scene: Scene,
  community: Community,
  projects: readonly Project[],
): Promise<{ readonly wrong: string[]; readonly totals: Totals }> {
  await community.look();
  const votes = await votesAgainstJournal(scene, community);
  const verdicts = (
    await Promise.all(projects.map(({ id }) => compareWithVotes(scene.store.db, id)))
  ).flatMap((differences) =>
    differences.map(
      ({ faceId, stored, computed }) =>
        `face ${faceId}: ${stored?.verdict} is stored, ${computed.verdict} is what the votes say`,
    ),
  );
  const wiki = await ledgerAgainstWiki(scene, projects);
  const posts = await postsAgainstRooms(scene, projects);
  const detected = await facesFoundOnce(scene);
  const broken = await firstBrokenAuditRow(scene.store);
  return {
    wrong: [
      ...votes.wrong,
      ...verdicts,
      ...wiki.wrong,
      ...posts.wrong,
      ...detected.wrong,
      ...(broken === null ? [] : [`the audit log is broken at row ${broken}`]),
      ...scene.homeserver.unplanned.map((one) => `the chat was asked for ${one}`),
    ],
    totals: {
      votes: votes.count,
      ...wiki.totals,
      posts: posts.count,
      runs: posts.runs,
      faces: detected.count,
    },
  };
}

/** No vote is lost, doubled, or given by nobody. */
async function votesAgainstJournal({ store }: Scene, community: Community) {
  const people = await store.db.selectFrom('account_profiles').select(['account_id', 'username']).execute();
  const nameOf = new Map(people.map((row) => [row.account_id, row.username]));
  const rows = await store.db
    .selectFrom('votes')
    .select(['account_id', 'face_id', 'answer'])
    .orderBy('id')
    .execute();
  const given = Map.groupBy(rows, (row) => `${nameOf.get(row.account_id)} ${row.face_id}`);
  const wrong: string[] = [];
  for (const { who, faceId, answers, open } of expectedAnswers(community.journal, community.faceOf)) {
    const key = `${who} ${faceId}`;
    const own = (given.get(key) ?? []).map((row) => row.answer);
    given.delete(key);
    const told = `${who} said ${inOrder(answers)} about face ${faceId}, and ${inOrder(own)} is kept`;
    if (own.some((answer, i) => answer === (own[i - 1] ?? null))) wrong.push(`doubled: ${told}`);
    else if (open) continue;
    else if ((own.at(-1) ?? null) !== (answers.at(-1) ?? null)) wrong.push(`lost: ${told}`);
    else if (!isPartOf(own, answers)) wrong.push(`invented: ${told}`);
  }
  for (const [key, own] of given) wrong.push(`invented: ${key} has ${inOrder(own.map((row) => row.answer))}`);
  return { wrong, count: rows.length };
}

function inOrder(answers: readonly (Answer | null)[]): string {
  return answers.length === 0 ? 'nothing' : answers.map((one) => one ?? 'taken back').join(', ');
}

/** In this order; what was said and taken back while nobody listened may be missing. */
function isPartOf(some: readonly unknown[], all: readonly unknown[]): boolean {
  let at = 0;
  for (const one of all) if (at < some.length && some[at] === one) at++;
  return at === some.length;
}

/** The ledger has one line for what people agree upon, the wiki the same statements, each made by one edit. */
async function ledgerAgainstWiki({ store, wiki }: Scene, projects: readonly Project[]) {
  const wrong: string[] = [];
  const ledger = await store.db.selectFrom('sdc_claims').selectAll().execute();
  const pages = new Map<number, WikiPage>();
  for (const { pageIds } of projects) for (const page of await wiki.pages(pageIds)) pages.set(page.id, page);
  const stands = new Set(
    [...pages.values()].flatMap((page) => page.statements.map((one) => `${page.id} ${one.person} ${one.id}`)),
  );
  const said = new Set(
    ledger
      .filter((one) => one.state === 'written')
      .map((one) => `${one.page_id} ${one.person} ${one.statement_id}`),
  );
  for (const one of said) if (!stands.has(one)) wrong.push(`in the ledger alone: ${one}`);
  for (const one of stands) if (!said.has(one)) wrong.push(`on the wiki alone: ${one}`);
  const agreed = await agreedUpon(store, projects);
  // What people agreed upon no longer when its turn came.
  for (const claim of ledger)
    if (claim.state === 'failed' && !agreed.has(`${claim.page_id} ${claim.person}`)) continue;
    else if (!['written', 'removed'].includes(claim.state))
      wrong.push(
        `the claim on page ${claim.page_id} is still ${claim.state} (${JSON.stringify(claim.reason)})`,
      );
  let edits = 0;
  for (const page of pages.values()) {
    const persons = page.statements.map((one) => one.person);
    if (new Set(persons).size < persons.length) wrong.push(`page ${page.id} names somebody twice`);
    const kinds = page.revisions.flatMap(({ comment }) => /wb[a-z]+-[a-z]+/.exec(comment)?.[0] ?? []);
    edits += kinds.length;
    const expected = kinds.map((_, i) => (i % 2 === 0 ? 'wbsetclaim-create' : 'wbremoveclaims-remove'));
    if (kinds.join() !== expected.join()) wrong.push(`page ${page.id} was edited ${kinds.join(', ')}`);
  }
  const known = new Set(ledger.map((one) => `${one.page_id} ${one.person}`));
  for (const one of agreed) if (!known.has(one)) wrong.push(`a claim is lost: ${one}`);
  const count = (state: string) => ledger.filter((one) => one.state === state).length;
  return {
    wrong,
    totals: { claims: ledger.length, written: count('written'), takenBack: count('removed'), edits },
  };
}

/** What is to stand on the wiki, as `PAGE PERSON`. */
async function agreedUpon(store: Store, projects: readonly Project[]): Promise<Set<string>> {
  const rows = await store.db
    .selectFrom('verdicts')
    .innerJoin('faces', 'faces.id', 'verdicts.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .select(['files.page_id', 'verdicts.person'])
    .where('verdicts.verdict', '=', 'match')
    .where(
      'verdicts.project_id',
      'in',
      projects.map(({ id }) => id),
    )
    .execute();
  return new Set(rows.map((row) => `${row.page_id} ${row.person}`));
}

/** Every post is one message, every question is posted once, and a run has one message and one that tells its end. */
async function postsAgainstRooms(scene: Scene, projects: readonly Project[]) {
  const wrong: string[] = [];
  const rows = await scene.store.db
    .selectFrom('posts')
    .select(['id', 'question_id', 'state', 'external_id', 'shown', 'wanted'])
    .execute();
  const runs = await scene.store.db
    .selectFrom('runs')
    .select(['id', 'state', 'message_id', 'reported'])
    .execute();
  const known = new Map(rows.map((row) => [row.external_id, row]));
  let count = 0;
  for (const { room } of projects) {
    const messages = ownMessages(scene, room);
    for (const message of messages.filter((one) => one.content.msgtype === 'm.image')) {
      count++;
      if (!known.delete(message.eventId))
        wrong.push(`nobody knows of the message ${message.eventId}: ${message.content.body}`);
    }
    const aboutRuns = messages.filter((one) => runOf(one) !== null);
    const ends = (one: (typeof messages)[number]) => one.content['m.mentions'] !== undefined;
    for (const [end, about] of [
      [false, aboutRuns.filter((one) => !ends(one))],
      [true, aboutRuns.filter(ends)],
    ] as const)
      for (const [run, own] of Map.groupBy(about, runOf))
        if (own.length > 1)
          wrong.push(`run ${run}: its ${end ? 'end' : 'progress'} stands in the room ${own.length} times`);
  }
  for (const row of known.values()) {
    if (row.external_id !== null) wrong.push(`post ${row.id} is in no room`);
    else if (row.state === 'waiting') wrong.push(`post ${row.id} still waits`);
  }
  for (const row of rows)
    if (row.state === 'up' && row.shown !== row.wanted)
      wrong.push(`post ${row.id} does not show what is known`);
  for (const run of runs) {
    if (!['done', 'stopped', 'failed'].includes(run.state)) wrong.push(`run ${run.id} is still ${run.state}`);
    else if (run.message_id !== null && run.reported?.startsWith('end') !== true)
      wrong.push(`nobody was told the end of run ${run.id}`);
  }
  return { wrong, count, runs: runs.length };
}

/** No face is found twice, and no photo is given up. */
async function facesFoundOnce({ store }: Scene) {
  const wrong: string[] = [];
  const { rows: twice } = await sql<{
    file_id: number;
  }>`select file_id from faces group by file_id, x, y having count(*) > 1`.execute(store.db);
  for (const row of twice) wrong.push(`a face of file ${row.file_id} was kept twice`);
  const left = await store.db
    .selectFrom('files')
    .select(['title', 'state', 'reason'])
    .where('state', '!=', 'detected')
    .where('mime', 'like', 'image/%')
    .execute();
  for (const file of left) wrong.push(`${file.title} is ${file.state} (${JSON.stringify(file.reason)})`);
  const { n } = await store.db
    .selectFrom('faces')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('model', '!=', 'test-model')
    .executeTakeFirstOrThrow();
  return { wrong, count: Number(n) };
}
