/** The rows of a made-up project; see `big-project.ts`. Their ids are known before, so that many go in at once. */
import type { Random } from '../../src/cli/review/random.ts';
import { vectorToBytes } from '../../src/core/faces/vectors.ts';
import type { ClaimState } from '../../src/core/store/schema.ts';
import type { Trx } from '../../src/core/store/store.ts';
import { newStatementId } from '../../src/core/wiki/statement-id.ts';
import { type FirstIds, PERSONS, type Planned } from './big-project-plan.ts';

const MODEL = 'made-up';
const DIMS = 128;

const AUTHORS = [
  'Practice Anna',
  'Photo office of the parliament',
  'Ngọc Ánh',
  'J. R. van der Meer',
  'الأرشيف',
];

/** Files, their faces and the embeddings of these. */
export async function addPictures(
  trx: Trx,
  by: { project: number; random: Random; embeddings: 'decided' | 'all' },
  plan: readonly Planned[],
): Promise<void> {
  await addFiles(trx, by.project, plan);
  await addFaces(trx, plan);
  const isWanted = (face: Planned) => by.embeddings === 'all' || face.asked !== null;
  await addEmbeddings(trx, plan.filter(isWanted), by.random);
}

async function addFiles(trx: Trx, projectId: number, plan: readonly Planned[]): Promise<void> {
  const faces = [...Map.groupBy(plan, (face) => face.fileId).values()].flatMap((own) => own[0] ?? []);
  await insertAll(faces, async (part) => {
    await trx
      .insertInto('files')
      .values(
        part.map(({ file, fileId, foundAt }) => {
          const title = `Session ${1 + (file % 412)} of the long parliament, ${1899 + (file % 40)} (${file + 1}).jpg`;
          return {
            id: fileId,
            page_id: pageOf(fileId),
            title: `File:${title}`,
            sha1: fileId.toString(16).padStart(40, '0'),
            width: 4000,
            height: 3000,
            mime: 'image/jpeg',
            thumb_url: 'https://upload.wikimedia.org/nothing.jpg',
            page_url: `https://commons.wikimedia.org/wiki/File:${encodeURIComponent(title.replaceAll(' ', '_'))}`,
            author: AUTHORS[file % AUTHORS.length] as string,
            licence: 'CC BY-SA 4.0',
            licence_url: 'https://creativecommons.org/licenses/by-sa/4.0',
            state: 'detected' as const,
            reason: null,
            retry_at: null,
            detected_at: foundAt,
            lease_owner: null,
            lease_expires_at: null,
          };
        }),
      )
      .execute();
    await trx
      .insertInto('project_files')
      .values(
        part.map(({ fileId, foundAt }) => ({
          project_id: projectId,
          file_id: fileId,
          depicts: null,
          depicts_read_at: foundAt,
          added_at: foundAt,
        })),
      )
      .execute();
  });
}

function pageOf(fileId: number): number {
  return 50_000_000 + fileId * 37;
}

async function addFaces(trx: Trx, plan: readonly Planned[]): Promise<void> {
  await insertAll(plan, (part) =>
    trx
      .insertInto('faces')
      .values(
        part.map(({ faceId, fileId, position, foundAt }) => ({
          id: faceId,
          file_id: fileId,
          sha1: fileId.toString(16).padStart(40, '0'),
          x: 0.05 + position * 0.22,
          y: 0.2,
          w: 0.15,
          h: 0.2,
          score: 0.99,
          quality: 0.8,
          landmarks: '[]',
          model: MODEL,
          seen_width: 1280,
          seen_height: 960,
          source: 'detector' as const,
          created_at: foundAt,
        })),
      )
      .execute(),
  );
}

/** Distances as the embedder has them: about 0.8 between people, 0.4 between pictures of one. */
async function addEmbeddings(trx: Trx, plan: readonly Planned[], random: Random): Promise<void> {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const centre = () => Float32Array.from({ length: DIMS }, () => 0.1 + (normal() * 0.52) / Math.sqrt(DIMS));
  const known = new Map(PERSONS.map((person) => [person, centre()]));
  await insertAll(plan, (part) =>
    trx
      .insertInto('embeddings')
      .values(
        part.map(({ faceId, truth }) => {
          // Some pictures are worse than others.
          const spread = (0.2 + 0.4 * random() ** 2) / Math.sqrt(DIMS);
          const middle = (truth === null ? null : known.get(truth)) ?? centre();
          return {
            face_id: faceId,
            model: MODEL,
            vector: vectorToBytes(middle.map((value) => value + normal() * spread)),
          };
        }),
      )
      .execute(),
  );
}

/** One question with two answers for each decided face; of a disputed one the answers differ. */
export async function addAnswers(
  trx: Trx,
  by: { project: number; channel: number; members: readonly number[]; first: FirstIds; now: number },
  plan: readonly Planned[],
): Promise<void> {
  const { project, channel, members, first } = by;
  const asked = plan.flatMap((face) => (face.asked ? [{ ...face, asked: face.asked }] : []));
  await insertAll([...asked.entries()], async (part) => {
    const questions = part.map(
      ([
        i,
        {
          asked: { person, at },
        },
      ]) => ({
        id: first.question + i,
        project_id: project,
        kind: 'single' as const,
        person,
        state: 'decided' as const,
        created_at: at - 3_600_000,
        closed_at: at,
      }),
    );
    const votes = part.flatMap(
      ([
        i,
        {
          faceId,
          asked: { person, verdict, at },
        },
      ]) =>
        [0, 1].map((which) => ({
          id: first.vote + 2 * i + which,
          project_id: project,
          face_id: faceId,
          person,
          account_id: members[(i + which) % members.length] as number,
          answer:
            verdict === 'match' || (verdict === 'disputed' && which === 0)
              ? ('yes' as const)
              : ('no' as const),
          decides: 0 as const,
          ballot_id: first.ballot + 2 * i + which,
          question_id: first.question + i,
          platform: 'room',
          voted_at: at - (1 - which) * 600_000,
        })),
    );
    await trx.insertInto('questions').values(questions).execute();
    await trx
      .insertInto('question_faces')
      .values(
        part.map(([i, { faceId }]) => ({ question_id: first.question + i, face_id: faceId, position: 1 })),
      )
      .execute();
    await trx
      .insertInto('posts')
      .values(
        questions.map(({ id, closed_at }) => ({
          question_id: id,
          channel_id: channel,
          state: 'up' as const,
          external_id: `message ${id}`,
          created_at: closed_at,
          posted_at: closed_at,
        })),
      )
      .execute();
    await trx
      .insertInto('ballots')
      .values(
        votes.map((vote) => ({
          id: vote.ballot_id,
          project_id: project,
          account_id: vote.account_id,
          cast_at: vote.voted_at,
        })),
      )
      .execute();
    await trx.insertInto('votes').values(votes).execute();
    await trx
      .insertInto('verdicts')
      .values(
        part.map(
          ([
            ,
            {
              faceId,
              asked: { person, verdict, at },
            },
          ]) => ({
            project_id: project,
            face_id: faceId,
            person,
            verdict,
            source: 'votes' as const,
            changed_at: at,
          }),
        ),
      )
      .execute();
  });
}

const RUNS = 12;

/** Of four matches three are written, in runs of weeks; a few failed, or stood on the wiki already. */
export async function addClaims(
  trx: Trx,
  by: { project: number; owner: number; random: Random; first: FirstIds },
  plan: readonly Planned[],
): Promise<void> {
  const { project, owner, random, first } = by;
  const seen = new Set<string>();
  const matches = plan
    .flatMap(({ faceId, fileId, asked }) =>
      asked?.verdict === 'match' ? [{ faceId, fileId, ...asked }] : [],
    )
    .sort((a, b) => a.at - b.at)
    // Two faces of one person in a file are one statement.
    .filter(({ fileId, person }) => !seen.has(`${fileId} ${person}`) && seen.add(`${fileId} ${person}`));
  const written = matches.slice(0, Math.floor(matches.length * 0.75));
  const length = Math.max(1, Math.ceil(written.length / RUNS));
  const claims = written.map((match, i) => {
    const run = Math.floor(i / length);
    // A run begins when its last match was decided.
    const at = (written[Math.min((run + 1) * length, written.length) - 1]?.at ?? match.at) + 60_000;
    const chance = random();
    const state: ClaimState = chance < 0.01 ? 'failed' : chance < 0.06 ? 'present' : 'written';
    return { ...match, run, state, changedAt: at + (i % length) * 12_000 };
  });
  const runs = [...Map.groupBy(claims, (claim) => claim.run)].map(([run, own]) => ({
    id: first.run + run,
    project_id: project,
    account_id: owner,
    kind: 'write' as const,
    undoes: null,
    state: 'done' as const,
    reason: null,
    edit_group: (first.run + run).toString(16).padStart(8, '0'),
    stop_requested_at: null,
    created_at: own[0]?.changedAt ?? 0,
    retry_at: null,
    finished_at: own.at(-1)?.changedAt ?? 0,
    channel_id: null,
    message_id: null,
    reported: null,
  }));
  await insertAll(runs, (part) => trx.insertInto('runs').values(part).execute());
  await insertAll(claims, (part) =>
    trx
      .insertInto('sdc_claims')
      .values(
        part.map(({ faceId, fileId, person, run, state, changedAt }) => ({
          page_id: pageOf(fileId),
          person,
          project_id: project,
          face_id: faceId,
          statement_id: newStatementId(pageOf(fileId), () => uuidOf(faceId)),
          state,
          reason: state === 'failed' ? 'The page is protected.' : null,
          account_id: owner,
          run_id: first.run + run,
          undo_run_id: null,
          revision: state === 'written' ? 900_000_000 + faceId : null,
          changed_at: changedAt,
        })),
      )
      .execute(),
  );
}

function uuidOf(n: number): `${string}-${string}-${string}-${string}-${string}` {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** What the matcher keeps: the nearest ninety undecided faces of each person. */
export async function addOpinions(
  trx: Trx,
  { project, random }: { project: number; random: Random },
  plan: readonly Planned[],
): Promise<void> {
  const open = plan.filter((face) => face.asked === null);
  const rows = PERSONS.flatMap((person) =>
    open
      .filter((face) => face.truth === person)
      .slice(0, 90)
      .map(({ faceId }) => {
        const distance = Math.round((0.3 + random() * 0.4) * 1e4) / 1e4;
        const isNear = distance < 0.6 ? (1 as const) : (0 as const);
        return { project_id: project, face_id: faceId, person, distance, suggested: isNear, near: isNear };
      }),
  );
  await insertAll(rows, (part) => trx.insertInto('suggestions').values(part).execute());
  await trx
    .insertInto('matched_persons')
    .values(
      PERSONS.map((person) => {
        const own = rows.filter((row) => row.person === person);
        const near = own.filter((row) => row.near === 1).length;
        return {
          project_id: project,
          person,
          basis: 'examples' as const,
          faces: open.filter((face) => face.truth === person || face.truth === null).length,
          suggested: near,
          near,
          nearest: own.length === 0 ? null : Math.min(...own.map((row) => row.distance)),
        };
      }),
    )
    .execute();
}

/** A few hundred rows in one statement: both engines limit what one may hold. */
async function insertAll<T>(rows: readonly T[], insert: (part: T[]) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < rows.length; start += 500) await insert(rows.slice(start, start + 500));
}
