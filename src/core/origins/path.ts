import { type Refusal, refuse } from './refusal.ts';

const LONGEST_PATH = 120;
/** A last part like `api.php`: a file, which is matched exactly. `codemirror@5.65` is a folder. */
const FILE = /[^/]\.[a-z][a-z0-9]{0,9}$/i;

export type PathNote = 'slash_dropped' | 'slash_added' | 'exact_path';

/**
 * A path as CSP matches it: one that ends in a slash is a prefix, any other is exact (CSP3, "path-part matches").
 * Folders get their slash, files stay.
 */
export function checkPath(path: string): { ok: true; path: string; note: PathNote | null } | Refusal {
  if (path === '') return { ok: true, path, note: null };
  const segments = path.split('/').slice(1);
  if (segments.some((segment) => segment === '.' || segment === '..')) return refuse('dot_segment');
  if (segments.some((segment, index) => segment === '' && index < segments.length - 1))
    return refuse('empty_segment');
  if (/%(?![0-9a-f]{2})/i.test(path)) return refuse('bad_percent_encoding');
  if (/%[0-7]/.test(path)) return refuse('percent_encoded_ascii');
  const decoded = decode(path);
  if (decoded === null) return refuse('bad_percent_encoding');
  if (!/^[\w/.~!$&()+=:@%-]*$/.test(path)) return refuse('bad_path');
  // Encoded, they would still be shown to the reader of the list.
  if (/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(decoded)) return refuse('bad_path');
  if (path === '/') return { ok: true, path: '', note: 'slash_dropped' };
  const upper = path.replace(/%../g, (triplet) => triplet.toUpperCase());
  const folder = upper.endsWith('/') || !FILE.test(upper);
  const whole = folder && !upper.endsWith('/') ? `${upper}/` : upper;
  if (whole.length > LONGEST_PATH) return refuse('path_too_long');
  if (!folder) return { ok: true, path: whole, note: 'exact_path' };
  return { ok: true, path: whole, note: whole === upper ? null : 'slash_added' };
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
