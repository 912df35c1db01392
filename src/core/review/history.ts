import type { Answer, VerdictValue } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { decide, type StandingVote } from './decide.ts';
import { usernamesOf } from './names.ts';

export type HistoryKind = 'answered' | 'undone' | 'reopened' | 'banned' | 'recounted';

/** One thing that happened to the verdicts about a face. */
export interface HistoryEntry {
  /** UTC milliseconds. */
  readonly at: number;
  /** `banned`, `recounted`: a member's votes stopped counting, where nothing was decided and everywhere. */
  readonly kind: HistoryKind;
  readonly person: string;
  /** Who said it; whose votes it is about; the owner who reopened it. null: a former member. */
  readonly username: string | null;
  /** Who took the answer back (`undone`). */
  readonly by: string | null;
  /** null: an earlier answer was taken back, or this is no answer. */
  readonly answer: Answer | null;
  /** An owner's decision; `overrides`: against a verdict without a dispute. */
  readonly decides: boolean;
  readonly overrides: boolean;
  /** Where it was said: a platform, and the question there. */
  readonly platform: string | null;
  readonly questionId: number | null;
  /** It is what its account says today. */
  readonly stands: boolean;
  /** The verdict before and after. */
  readonly before: VerdictValue;
  readonly after: VerdictValue;
}

/**
 * What happened to one face in a project, the oldest first: who said what, when and where, and what it changed. The
 * votes are played again in their order, so the last verdicts are those of today. The number of votes needed is
 * today's, and a ban that was lifted is not told.
 */
export async function faceHistory(store: Store, projectId: number, faceId: number): Promise<HistoryEntry[]> {
  const rows = await readRows(store, projectId, faceId);
  const names = await usernamesOf(store.db, rows.accounts);
  const film = new Film(rows);
  const entries: (HistoryEntry & { voteId: number | null })[] = [];
  for (const event of rows.events.sort(inOrder)) {
    const before = new Map(event.persons.map((person) => [person, film.verdict(person)]));
    film.play(event);
    for (const person of event.persons) {
      const { vote } = event;
      const by = event.by ?? null;
      const account = event.kind === 'reopened' ? by : (vote?.account_id ?? event.account);
      entries.push({
        at: event.at,
        kind: event.kind,
        person,
        username: account === null ? null : (names.get(account) ?? null),
        by: event.kind === 'undone' && by !== null ? (names.get(by) ?? null) : null,
        answer: vote?.answer ?? null,
        decides: vote?.decides === 1,
        overrides: vote?.overrides === 1,
        platform: vote?.platform ?? null,
        questionId: vote?.question_id ?? null,
        stands: false,
        before: before.get(person) ?? 'open',
        after: film.verdict(person),
        voteId: event.kind === 'answered' ? (vote?.id ?? null) : null,
      });
    }
  }
  const standing = new Set(rows.persons.flatMap((person) => film.standing(person).map((vote) => vote.id)));
  return entries.map(({ voteId, ...entry }) => ({
    ...entry,
    stands: voteId !== null && standing.has(voteId),
  }));
}

type VoteRow = Awaited<ReturnType<typeof votesOf>>[number];

interface Event {
  readonly kind: HistoryKind;
  readonly at: number;
  /** After which vote it came; a vote comes after itself. */
  readonly after: number;
  readonly persons: readonly string[];
  readonly vote: VoteRow | null;
  /** Of a ban or a recount. */
  readonly account: number | null;
  readonly by: number | null;
}

/** By votes, because several things happen in one millisecond. */
function inOrder(a: Event, b: Event): number {
  const isLater = (event: Event) => (event.kind === 'answered' ? 0 : 1);
  return a.after - b.after || isLater(a) - isLater(b) || a.at - b.at;
}

interface Rows {
  readonly votesNeeded: number;
  readonly vouched: string | null;
  readonly persons: readonly string[];
  readonly accounts: readonly number[];
  readonly kept: ReadonlySet<number>;
  readonly events: Event[];
}

/** The votes about a face at one point of its history. */
class Film {
  readonly #rows: Rows;
  readonly #cast: VoteRow[] = [];
  readonly #undone = new Set<number>();
  readonly #floors = new Map<string, number>();
  readonly #banned = new Map<number, { readonly after: number; recounted: boolean }>();

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  play({ kind, vote, persons, account, after }: Event): void {
    if (kind === 'answered' && vote) this.#cast.push(vote);
    else if (kind === 'undone' && vote) this.#undone.add(vote.id);
    else if (kind === 'reopened') for (const person of persons) this.#floors.set(person, after);
    else if (kind === 'banned' && account !== null) this.#banned.set(account, { after, recounted: false });
    else if (kind === 'recounted' && account !== null) {
      const ban = this.#banned.get(account);
      if (ban) ban.recounted = true;
    }
  }

  /** As `standingVotesOf`, at this point. */
  standing(person: string): StandingVote[] {
    const latest = new Map<number, VoteRow>();
    for (const vote of this.#cast) {
      if (vote.person !== person || this.#undone.has(vote.id)) continue;
      if (vote.id > (this.#floors.get(person) ?? 0)) latest.set(vote.account_id, vote);
    }
    return [...latest.values()].flatMap((vote) => {
      const ban = this.#banned.get(vote.account_id);
      if (vote.answer === null || (ban && (ban.recounted || !this.#rows.kept.has(vote.id)))) return [];
      return {
        id: vote.id,
        accountId: vote.account_id,
        answer: vote.answer,
        decides: vote.decides === 1,
        onProbation: vote.on_probation === 1,
        keptUntil: ban?.after ?? null,
      };
    });
  }

  verdict(person: string): VerdictValue {
    const { verdict } = decide(this.standing(person), this.#rows.votesNeeded);
    return verdict === 'open' && this.#rows.vouched === person ? 'match' : verdict;
  }
}

async function readRows(store: Store, projectId: number, faceId: number): Promise<Rows> {
  const { votes_needed: votesNeeded } = await store.db
    .selectFrom('projects')
    .select('votes_needed')
    .where('id', '=', projectId)
    .executeTakeFirstOrThrow();
  const votes = await votesOf(store, projectId, faceId);
  const reopenings = await store.db
    .selectFrom('reopenings')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('face_id', '=', faceId)
    .execute();
  const bans = await bansOf(
    store,
    projectId,
    votes.map((vote) => vote.account_id),
  );
  const kept = await store.db
    .selectFrom('kept_votes')
    .innerJoin('votes', 'votes.id', 'kept_votes.vote_id')
    .select('vote_id')
    .where('votes.project_id', '=', projectId)
    .where('votes.face_id', '=', faceId)
    .execute();
  const none = { vote: null, account: null, by: null };
  const events: Event[] = [];
  for (const vote of votes) {
    const of = { ...none, persons: [vote.person], vote };
    events.push({ ...of, kind: 'answered', at: vote.voted_at, after: vote.id });
    if (vote.undone_at !== null)
      events.push({
        ...of,
        kind: 'undone',
        at: vote.undone_at,
        after: vote.undone_after ?? vote.id,
        by: vote.undone_by,
      });
  }
  for (const row of reopenings) {
    const of = { ...none, persons: [row.person], at: row.reopened_at, after: row.after_vote };
    events.push({ ...of, kind: 'reopened', by: row.account_id });
  }
  for (const ban of bans) {
    const own = votes.filter((vote) => vote.account_id === ban.account_id);
    const of = { ...none, persons: [...new Set(own.map((vote) => vote.person))], account: ban.account_id };
    events.push({ ...of, kind: 'banned', at: ban.banned_at ?? 0, after: ban.banned_after ?? 0 });
    if (ban.recounted_at !== null)
      events.push({ ...of, kind: 'recounted', at: ban.recounted_at, after: ban.recounted_after ?? 0 });
  }
  return {
    votesNeeded,
    vouched: await vouchedFor(store, projectId, faceId),
    persons: [...new Set(votes.map((vote) => vote.person))],
    accounts: events.flatMap(({ vote, account, by }) =>
      [vote?.account_id ?? null, account, by].filter((id) => id !== null),
    ),
    kept: new Set(kept.map((row) => row.vote_id)),
    events,
  };
}

async function votesOf({ db }: Store, projectId: number, faceId: number) {
  return db
    .selectFrom('votes')
    .leftJoin('ballots', 'ballots.id', 'votes.ballot_id')
    .selectAll('votes')
    .select(['ballots.undone_at', 'ballots.undone_by', 'ballots.undone_after'])
    .where('votes.project_id', '=', projectId)
    .where('votes.face_id', '=', faceId)
    .orderBy('votes.id')
    .execute();
}

async function bansOf({ db }: Store, projectId: number, accountIds: readonly number[]) {
  if (accountIds.length === 0) return [];
  return db
    .selectFrom('project_members')
    .select(['account_id', 'banned_at', 'banned_after', 'recounted_at', 'recounted_after'])
    .where('project_id', '=', projectId)
    .where('status', '=', 'banned')
    .where('account_id', 'in', accountIds)
    .execute();
}

/** The person that the wiki vouches for: its file depicts one, and this is its only face. */
async function vouchedFor({ db }: Store, projectId: number, faceId: number): Promise<string | null> {
  const row = await db
    .selectFrom('faces')
    .innerJoin('project_files', 'project_files.file_id', 'faces.file_id')
    .select((eb) => [
      'project_files.depicts',
      eb
        .selectFrom('faces as others')
        .select((q) => q.fn.countAll<number>().as('n'))
        .whereRef('others.file_id', '=', 'faces.file_id')
        .where('others.withdrawn_at', 'is', null)
        .as('faces'),
    ])
    .where('faces.id', '=', faceId)
    .where('project_files.project_id', '=', projectId)
    .executeTakeFirst();
  return row?.faces === 1 ? row.depicts : null;
}
