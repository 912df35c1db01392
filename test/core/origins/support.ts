/** A policy read as a browser reads it (CSP3, "parse a serialized CSP"): the first directive of a name wins. */
export function readPolicy(header: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  // A comma begins another policy.
  for (const [index, policy] of header.split(',').entries()) {
    for (const part of policy.split(';')) {
      const [name = '', ...values] = part.trim().split(/[\t\n\f\r ]+/);
      const key = `${index === 0 ? '' : `policy ${index + 1} `}${name.toLowerCase()}`;
      if (name !== '' && !found.has(key)) found.set(key, values);
    }
  }
  return found;
}
