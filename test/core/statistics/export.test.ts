import { afterAll, beforeAll, expect, test } from 'vitest';
import { reopenVerdict } from '../../../src/core/review/reopening.ts';
import { recountProject } from '../../../src/core/review/replay.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import { exportVerdicts, toCsv } from '../../../src/core/statistics/export.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

let store: Store;
let dispose: () => Promise<void>;
let project: number;
let owner: number;
const TITLE = 'File:=HYPERLINK("x"), "quoted", å.jpg';

beforeAll(async () => {
  ({ store, dispose } = await freshStore());
  const made = await addProject(store, { votes_needed: 2 });
  project = made.id;
  owner = made.owner;
  const anna = await addMember(store, project, {
    accountId: await addAccount(store, { username: 'Anna of the chat' }),
  });
  const file = await addFile(store, project, { title: TITLE });
  const vector = new Float32Array(128).fill(0.5);
  const [face, other] = [await addFace(store, file, { vector }), await addFace(store, file, { x: 0.5 })];
  const cast = (accountId: number, faceId: number, answer: 'yes' | 'no' | 'unsure') =>
    castBallot(
      { store, clock: fakeClock(), nudges: notedNudges() },
      {
        projectId: project,
        accountId,
        answers: [{ faceId, person: 'Q1', answer }],
        questionId: null,
        platform: 'room',
      },
    );
  await cast(anna, face, 'yes');
  await cast(made.owner, face, 'yes');
  await cast(anna, other, 'unsure');
});
afterAll(() => dispose());

test('gives each verdict with how many said what, without names and embeddings', async () => {
  const rows = await exportVerdicts(store, project);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ file: TITLE, person: 'Q1', verdict: 'match', yes: 2, no: 0, unsure: 0 });
  expect(rows[0]?.changedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(JSON.stringify(rows)).not.toMatch(/Anna|vector|account/);
});

test('as CSV: quoted as RFC 4180 says, and nothing that a spreadsheet runs', async () => {
  const [head, line, end] = toCsv(await exportVerdicts(store, project)).split('\r\n');
  expect(head).toBe(
    'file,pageId,pageUrl,x,y,w,h,person,verdict,source,yes,no,unsure,changedAt,claim,statementId',
  );
  expect(line).toContain('"File:=HYPERLINK(""x""), ""quoted"", å.jpg",');
  expect(line?.endsWith(',,')).toBe(true);
  expect(end).toBe('');
  const [first] = await exportVerdicts(store, project);
  if (!first) throw new Error('nothing exported');
  for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=x', 'a;=1'])
    expect(toCsv([{ ...first, file: formula }]).split('\r\n')[1]).toMatch(/^"?( |a;)?'/);
});

test('counts what the verdict counts: not what was said before a face was asked about again', async () => {
  const { face_id } = await store.db
    .selectFrom('verdicts')
    .select('face_id')
    .where('verdict', '=', 'match')
    .executeTakeFirstOrThrow();
  const deps = { store, clock: fakeClock(), nudges: notedNudges() };
  const face = { faceId: face_id, person: 'Q1' };
  await reopenVerdict(deps, { ...face, projectId: project, accountId: owner });
  await castBallot(deps, {
    projectId: project,
    accountId: owner,
    answers: [{ ...face, answer: 'no' }],
    questionId: null,
    platform: 'web',
  });
  await store.db.updateTable('projects').set({ votes_needed: 1 }).execute();
  await store.transaction((trx) => recountProject(store, trx, project, 0));
  expect(await exportVerdicts(store, project)).toMatchObject([{ verdict: 'no_match', yes: 0, no: 1 }]);
});
