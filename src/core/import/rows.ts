import { z } from 'zod';

/** Rows of a WikiVisage database, each with the columns that are taken over. Times are UTC milliseconds. */

const id = z.coerce.number().int().positive();
const time = z.date().transform((date) => date.getTime());
const flag = z.coerce
  .number()
  .nullish()
  .transform((value) => value === 1);
const count = z.coerce
  .number()
  .nullish()
  .transform((value) => value ?? null);
const bytes = z
  .instanceof(Uint8Array)
  .nullish()
  .transform((value) => value ?? null);

export const userRow = z.object({
  id,
  wiki_user_id: id,
  wiki_username: z.string().min(1),
  access_token: bytes,
  refresh_token: bytes,
  token_expires_at: time.nullish(),
  leaderboard_opt_out: flag,
});
export type UserRow = z.infer<typeof userRow>;

export const projectRow = z.object({
  id,
  user_id: id,
  wikidata_qid: z.string(),
  commons_category: z.string(),
  label: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  distance_threshold: count,
  min_confirmed: count,
  status: z.enum(['active', 'paused', 'completed', 'deleted']),
  created_at: time,
});
export type ProjectRow = z.infer<typeof projectRow>;

export const memberRow = z.object({
  user_id: id,
  role: z.string().nullish(),
  /** Newer versions only. */
  status: z.string().nullish(),
  joined_at: time.nullish(),
});
export type MemberRow = z.infer<typeof memberRow>;

export const imageRow = z.object({
  id,
  commons_page_id: id,
  status: z.enum(['pending', 'processed', 'enriched', 'error']),
  detection_width: count,
  detection_height: count,
  bootstrapped: flag,
  updated_at: time,
});
export type ImageRow = z.infer<typeof imageRow>;

export const faceRow = z.object({
  id,
  image_id: id,
  encoding: bytes,
  bbox_top: z.coerce.number(),
  bbox_right: z.coerce.number(),
  bbox_bottom: z.coerce.number(),
  bbox_left: z.coerce.number(),
  is_target: z.coerce.number().nullable(),
  classified_by: z.string().nullish(),
  classified_by_user_id: id.nullish(),
  sdc_written: flag,
  superseded_by: id.nullish(),
  created_at: time,
  updated_at: time,
  /** Newer versions only. */
  classified_at: time.nullish(),
});
export type FaceRow = z.infer<typeof faceRow>;

export const claimRow = z.object({
  id,
  commons_page_id: id,
  wikidata_qid: z.string(),
  face_id: id.nullish(),
  written_at: time.nullish(),
});
export type ClaimRow = z.infer<typeof claimRow>;
