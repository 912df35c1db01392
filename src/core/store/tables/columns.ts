/**
 * Kinds of columns. Times are UTC milliseconds (numbers) in both databases; truth values are 0 or 1, because
 * SQLite has no booleans; JSON is text.
 */
export type Flag = 0 | 1;
export type Millis = number;
export type Bytes = Uint8Array;
