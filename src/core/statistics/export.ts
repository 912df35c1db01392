import { pairKey } from '../review/pairs.ts';
import { standingVotesOf } from '../review/standing.ts';
import { verdictClaimRows } from '../review/verdict-rows.ts';
import type { Answer, ClaimState, VerdictsTable, VerdictValue } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

/** One verdict, as it is given away: nobody's name and no embedding. */
export interface ExportedVerdict {
  readonly file: string;
  readonly pageId: number;
  readonly pageUrl: string;
  /** Left, top, width, height as fractions of the upright picture. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly person: string;
  readonly verdict: VerdictValue;
  readonly source: VerdictsTable['source'];
  readonly yes: number;
  readonly no: number;
  readonly unsure: number;
  /** ISO 8601, UTC. */
  readonly changedAt: string;
  readonly claim: ClaimState | null;
  readonly statementId: string | null;
}

const COLUMNS: readonly (keyof ExportedVerdict)[] = [
  'file',
  'pageId',
  'pageUrl',
  'x',
  'y',
  'w',
  'h',
  'person',
  'verdict',
  'source',
  'yes',
  'no',
  'unsure',
  'changedAt',
  'claim',
  'statementId',
];

/** All verdicts of a project, by file and face. How many said what, but not who. */
export async function exportVerdicts(store: Store, projectId: number): Promise<ExportedVerdict[]> {
  const standing = await standingVotesOf(store.db, projectId, null);
  const rows = await verdictClaimRows(store.db, projectId)
    .select([
      'verdicts.face_id',
      'verdicts.person',
      'verdicts.verdict',
      'verdicts.source',
      'verdicts.changed_at',
      'files.title',
      'files.page_id',
      'files.page_url',
      'faces.x',
      'faces.y',
      'faces.w',
      'faces.h',
      'sdc_claims.state as claim',
      'sdc_claims.statement_id',
    ])
    .where('verdicts.verdict', '!=', 'open')
    .orderBy('files.title')
    .orderBy('verdicts.face_id')
    .orderBy('verdicts.person')
    .execute();
  return rows.map((row) => {
    const votes = standing.get(pairKey({ faceId: row.face_id, person: row.person })) ?? [];
    const count = (answer: Answer) => votes.filter((vote) => vote.answer === answer).length;
    // A statement of somebody else has an id that is not ours to give.
    const ours = row.claim === 'written' || row.claim === 'removing';
    return {
      file: row.title,
      pageId: row.page_id,
      pageUrl: row.page_url,
      x: row.x,
      y: row.y,
      w: row.w,
      h: row.h,
      person: row.person,
      verdict: row.verdict,
      source: row.source,
      yes: count('yes'),
      no: count('no'),
      unsure: count('unsure'),
      changedAt: new Date(row.changed_at).toISOString(),
      claim: row.claim,
      statementId: ours ? row.statement_id : null,
    };
  });
}

/** RFC 4180, with a first line of names. */
export function toCsv(verdicts: readonly ExportedVerdict[]): string {
  const lines = verdicts.map((verdict) => COLUMNS.map((column) => csvCell(verdict[column])).join(','));
  return [COLUMNS.join(','), ...lines].map((line) => `${line}\r\n`).join('');
}

/**
 * Titles are anybody's text: what a spreadsheet would run as a formula gets an apostrophe in front
 * (https://owasp.org/www-community/attacks/CSV_Injection). In half of the world's languages it splits a line at
 * semicolons, and takes no notice of quotes in the middle of what it then has: behind each of them a cell may begin.
 */
function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').replace(FORMULA, "$1'");
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Where a cell may begin, and a sign that makes a formula of it follows, in either width. */
const FORMULA = /(^|;)(?=[\s"\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;
