/**
 * What the parent, the child process and its threads say to each other. Pictures travel as bytes, never as
 * paths: the child reads no file but its own code. Imports types alone, so that every side may import it.
 */
import type { Box, Drawing, Drawn, Point } from '../core/faces/detector.ts';
import type { BundleName } from './models/catalogue.ts';
import type { ModelBytes } from './models/prepare.ts';

/** Pictures that a thread has in work at the same time. */
export const TASKS_PER_THREAD = 2;

export type Task =
  | {
      readonly kind: 'detect';
      readonly picture: Uint8Array;
      readonly embed: boolean;
      readonly boxes: readonly Box[] | null;
      /** Look closer, piece by piece, even when the first look finds no crowd. */
      readonly smallFaces: boolean;
    }
  | { readonly kind: 'draw'; readonly drawing: Drawing }
  /** Every thread collects its garbage, for who measures memory. */
  | { readonly kind: 'collect' };

export interface Models {
  readonly bundle: BundleName;
  readonly files: ModelBytes;
}

export interface FoundFace {
  readonly box: Box;
  readonly score: number;
  readonly landmarks: readonly Point[];
  readonly quality: number;
  readonly embedding: Float32Array | null;
}

/** Pixels of the upright picture as given, and its faces. */
export interface Found {
  readonly width: number;
  readonly height: number;
  readonly faces: readonly FoundFace[];
}

/** `failed` is a fault of ours, the other two are about the picture: `message` is what the decoder said. */
export type TaskError = {
  readonly code: 'broken_picture' | 'picture_too_large' | 'failed';
  readonly message: string;
};

export type Answer =
  | { readonly found: Found }
  | { readonly drawn: Drawn }
  | { readonly collected: true }
  | { readonly error: TaskError };

/** Parent → child. `models` comes before the first `detect`. */
export type ToChild =
  | { readonly type: 'models'; readonly models: Models }
  | { readonly type: 'task'; readonly id: number; readonly task: Task };

/** Child → parent. `ready` comes first; `out-of-time` when its computing time is used up. */
export type FromChild =
  | { readonly type: 'ready' }
  | { readonly type: 'out-of-time' }
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly answer: Answer;
      /** Computing time of the child since its start. */
      readonly cpuSeconds: number;
    };

/** Child → thread. */
export interface Job {
  readonly task: Task;
  /** Shared between the threads; null until the parent sent them. */
  readonly models: Models | null;
}
