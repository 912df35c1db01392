/**
 * Where a value does not fit what was recorded: keys that nobody recorded, and other types. What was recorded may
 * have more keys, and `null` stands for anything.
 * @returns `path: what`, empty when it fits
 */
export function misfits(value: unknown, recorded: readonly unknown[], path = ''): string[] {
  const known = recorded.filter((one) => one !== null && one !== undefined);
  if (value === null || known.length === 0) return [];
  if (Array.isArray(value)) {
    const lists = known.filter(Array.isArray);
    if (lists.length === 0) return [`${path}: a list`];
    const elements = lists.flat();
    return elements.length === 0 ? [] : value.flatMap((one) => misfits(one, elements, `${path}[]`));
  }
  if (typeof value !== 'object') {
    return known.some((one) => typeof one === typeof value) ? [] : [`${path}: ${typeof value}`];
  }
  const objects = known.filter((one) => typeof one === 'object' && !Array.isArray(one)) as Record<
    string,
    unknown
  >[];
  if (objects.length === 0) return [`${path}: an object`];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = path === '' ? key : `${path}.${key}`;
    const same = objects.filter((one) => key in one).map((one) => one[key]);
    return same.length === 0 ? [`${place}: nobody recorded it`] : misfits(inner, same, place);
  });
}
