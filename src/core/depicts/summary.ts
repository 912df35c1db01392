import type { RunKind } from '../store/schema.ts';

/**
 * The edit summary: who, how, and the group by which the community can inspect and undo the run as one
 * (EditGroups' own format). The wiki puts its own words in front and cuts the whole at 500 characters.
 */
export function editSummary(kind: RunKind, person: string, editGroup: string): string {
  const group = `([[:toolforge:editgroups-commons/b/CB/${editGroup}|details]])`;
  const item = itemLink(person);
  return kind === 'write'
    ? `${item} is in this picture, by the agreement of people who looked at the face (Visavis) ${group}`
    : `taking back: ${item} (Visavis) ${group}`;
}

/** For a statement of somebody else that an owner wanted removed. */
export function removalSummary(person: string): string {
  return `${itemLink(person)} is not in this picture, says a person who looked at it (Visavis)`;
}

export function prominenceSummary(person: string, prominent: boolean): string {
  return `${itemLink(person)} is ${prominent ? 'prominent' : 'one of several'} in this picture (Visavis)`;
}

function itemLink(person: string): string {
  return `[[d:Special:EntityPage/${person}|${person}]]`;
}
