/** One thing that an entry of the audit log says beside its subject. */
export interface LogDetail {
  readonly name: string;
  readonly value: string;
}

/**
 * The details of an entry, out of their JSON: `votesNeeded: [1, 2]` becomes "votes needed" and "1 → 2". What an
 * administrator's entry ends with is left out: the page says it otherwise.
 */
export function logDetails(json: string): LogDetail[] {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return [{ name: '', value: json }];
  }
  if (typeof read !== 'object' || read === null) return [{ name: '', value: json }];
  return Object.entries(read)
    .filter(([name, value]) => value !== null && !(name === 'as' && value === 'administrator'))
    .map(([name, value]) => ({
      name: name
        .replace(/([a-z])([A-Z])/g, '$1 $2')
        .replaceAll('_', ' ')
        .toLowerCase(),
      value: words(value),
    }));
}

function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).join(value.length === 2 ? ' → ' : ', ');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
