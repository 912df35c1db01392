/** Files of the wiki, the faces in them and what the matcher thinks. */
import type { Generated } from 'kysely';
import type { Bytes, Flag, Millis } from './columns.ts';

export interface CrawlQueueTable {
  project_id: number;
  category: string;
  depth: number;
  /** The wiki's continuation, to go on where the crawl stopped. */
  next_page: string | null;
  done_at: Millis | null;
}

/**
 * What became of a page that the crawl found: `wanted`: its details are not read yet; `in`: a file of the
 * project; `left_out`: no picture; `beyond`: the project was full; `away`: a file of the project that the crawl
 * did not find in its categories; `kept`: one that it did not find because it did not read them all.
 */
export type CrawlMemberState = 'wanted' | 'in' | 'left_out' | 'beyond' | 'away' | 'kept';

/** Every page of the project's categories. */
export interface CrawlMembersTable {
  project_id: number;
  page_id: number;
  /** `crawl_number` of the crawl that looked at it last. */
  crawl: number;
  state: CrawlMemberState;
}

/** Categories that the crawl does not enter. Names as in `projects.category`. */
export interface ProjectExclusionsTable {
  project_id: number;
  category: string;
}

export type FileState = 'waiting' | 'detected' | 'set_aside' | 'gone';

/** A Commons file, known by its page id. Detected once, however many projects want it. */
export interface FilesTable {
  id: Generated<number>;
  page_id: number;
  title: string;
  sha1: string;
  width: number;
  height: number;
  mime: string;
  /** Where to download for detection: a standard thumbnail of at most 1280 px. */
  thumb_url: string;
  page_url: string;
  author: string;
  licence: string;
  licence_url: string | null;
  state: FileState;
  /** Why it was set aside or waits, as `platform/reasons.ts` keeps it; plain English in old rows. */
  reason: string | null;
  /** The error code of the last failure; null: none, or from before this was kept. */
  failure: string | null;
  attempts: Generated<number>;
  retry_at: Millis | null;
  detected_at: Millis | null;
  /** The model for which this version's faces could not be embedded anew, and never will be. */
  embed_failed_model: string | null;
  /** Not to be tried again for another model before this. */
  embed_retry_at: Millis | null;
  /** When it was found to be deleted; null while it is there. */
  gone_at: Millis | null;
  lease_owner: string | null;
  lease_expires_at: Millis | null;
  fence: Generated<number>;
}

export interface ProjectFilesTable {
  project_id: number;
  file_id: number;
  /** The person that the file depicted on the wiki before we did anything (bootstrap). */
  depicts: string | null;
  /** When that was read. */
  depicts_read_at: Millis | null;
  added_at: Millis;
}

export interface FacesTable {
  id: Generated<number>;
  file_id: number;
  /** Version of the file that it was seen in. */
  sha1: string;
  x: number;
  y: number;
  w: number;
  h: number;
  score: number;
  /** How good an example it would be, 0..1; null: unknown (drawn, or found before this was measured). */
  quality: number | null;
  /** JSON: five [x, y] as fractions of the upright picture. */
  landmarks: string;
  model: string;
  /** Pixels of the picture it was seen in. */
  seen_width: number;
  seen_height: number;
  /** Who found it. A box of the detector that was drawn anew is the detector's face still. */
  source: 'detector' | 'drawn';
  created_at: Millis;
  /** How often people have drawn the box anew: what was made of an earlier box (a crop, an embedding) says which. */
  box_number: Generated<number>;
  /** The account that drew it; null: found by the detector, or taken over from another program. */
  drawn_by: Generated<number | null>;
  /** It is asked about, shown and counted no more; its votes stay. Only drawn faces. */
  withdrawn_at: Generated<Millis | null>;
}

/** Append-only: what people did to the box of a face. */
export interface FaceBoxesTable {
  id: Generated<number>;
  face_id: number;
  project_id: number;
  account_id: number;
  act: 'drawn' | 'redrawn' | 'withdrawn';
  /** `drawn`: the box; otherwise the one that was there before. */
  x: number;
  y: number;
  w: number;
  h: number;
  done_at: Millis;
}

export interface EmbeddingsTable {
  face_id: number;
  model: string;
  /** 128 little-endian float32. */
  vector: Bytes;
}

/**
 * The matcher's opinion: whom a face is most likely to be. Never a verdict, never an example. Only the nearest few of
 * each person are kept; how many there are in all stands in `matched_persons`.
 */
export interface SuggestionsTable {
  project_id: number;
  face_id: number;
  person: string;
  /** Mean Euclidean distance to the nearest confirmed examples, or to the portrait. Lower is nearer. */
  distance: number;
  /** 1 when near enough to be asked in a batch. */
  suggested: Flag;
  /** 1 when the nearest face that people have decided is an example of the person, and is near. */
  near: Generated<Flag>;
}

/** What the matcher measures a person against: confirmed faces, or the item's portrait while there are none. */
export type MatchBasis = 'examples' | 'portrait';

/** What the matcher found for a person of a project; there is no row while it has nothing to measure against. */
export interface MatchedPersonsTable {
  project_id: number;
  person: string;
  basis: MatchBasis;
  /** Undecided faces that are more likely this person than anybody else of the project. */
  faces: number;
  /** Of those: how many are suggested, and how many are near an example. */
  suggested: number;
  near: number;
  /** The distance of the nearest of those faces; null: there are none. */
  nearest: number | null;
}

/** `small`: the face in it is not tall enough to be measured. */
export type PortraitState = 'usable' | 'no_face' | 'several_faces' | 'small' | 'failed';

/** What the detector found in an item's portrait (P18). It orders questions and is never an example. */
export interface PortraitsTable {
  person: string;
  /** SHA-256 of the address, in hex: another picture is another row. */
  url_hash: string;
  model: string;
  state: PortraitState;
  /** As in `embeddings`; null unless it is usable. */
  vector: Bytes | null;
  attempts: number;
  /** `failed`: not to be tried again before this; null: never. */
  retry_at: Millis | null;
  looked_at: Millis;
}
