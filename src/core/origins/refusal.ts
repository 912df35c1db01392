/** Why an origin is refused. The order is that of the checks: the first that fails names the code. */
export const REFUSALS = [
  'control_character',
  'invisible_character',
  'empty',
  'too_long',
  'whitespace',
  'wildcard',
  'quote_or_keyword',
  'policy_separator',
  'forbidden_character',
  'query_or_fragment',
  'insecure_scheme',
  'scheme_not_allowed',
  'userinfo',
  'bad_port',
  'port_not_allowed',
  'bad_host',
  'ip_address',
  'percent_in_host',
  'trailing_dot',
  'single_label',
  'reserved_name',
  'mixed_script_idn',
  'confusable_idn',
  'unknown_tld',
  'public_suffix',
  'own_origin',
  'denied_by_administrator',
  'dot_segment',
  'empty_segment',
  'bad_percent_encoding',
  'percent_encoded_ascii',
  'bad_path',
  'path_too_long',
  'path_required',
] as const;

export type RefusalCode = (typeof REFUSALS)[number];

/** What a person should do about it, where nothing more is known than the code. */
const HINTS: Readonly<Record<RefusalCode, string>> = {
  control_character:
    'There is a line break, a tab or another control character in it. Type the address, or copy it alone.',
  invisible_character:
    'There is a character in it that cannot be seen. Type the address instead of copying it.',
  empty: 'Write an address, such as https://api.example.org',
  too_long: 'An entry has at most 512 characters, and 255 bytes as it is kept. Leave out what is not needed.',
  whitespace: 'There is a space inside. Add one origin at a time.',
  wildcard: 'Wildcards are not allowed. Name each host that you want to allow.',
  quote_or_keyword: 'Keywords and quotes are not allowed. Write an address, such as https://api.example.org',
  policy_separator: 'There is a comma or a semicolon in it. Add one origin at a time.',
  forbidden_character:
    'There is a character in it that no address has. Use letters, digits, hyphens, dots and slashes.',
  query_or_fragment: 'Leave out everything from the ? or # on: the browser does not look at it.',
  insecure_scheme: 'Use https:// (or wss:// for a WebSocket): anybody on the way can change the rest.',
  scheme_not_allowed: 'Write an address with a host that begins with https:// or wss://',
  userinfo: 'Leave out the name and password before the @.',
  bad_port: 'A port is a number from 1 to 65535. Leave it out for the usual one.',
  port_not_allowed: 'This port is not allowed here. Leave it out, or ask an administrator to allow it.',
  bad_host: 'This is no host name. Use letters, digits, hyphens and dots, such as api.example.org',
  ip_address: 'Use the name of the host, not its number.',
  percent_in_host: 'Write the host name in plain letters, without %.',
  trailing_dot: 'Leave out the dot at the end of the host: it would never match.',
  single_label: 'Write the whole host name, such as api.example.org',
  reserved_name: 'This name belongs to local networks. Name a host on the public internet.',
  mixed_script_idn:
    'This host name mixes letters of several alphabets, as imitations do. Type it in one of them.',
  confusable_idn:
    'This host name can be mistaken for another one. Check it, and use the name of the real site.',
  unknown_tld: 'There is no such top-level domain. Check how the name ends.',
  public_suffix: 'Many independent sites share this name. Name one of them, such as my-site.example.org',
  own_origin: 'This site may always be used by its own pages: there is nothing to allow.',
  denied_by_administrator: 'An administrator of this site denies this host. Ask them for the reason.',
  dot_segment: 'Write the path without . and .. parts.',
  empty_segment: 'Write the path without two slashes in a row.',
  bad_percent_encoding: 'After % come two hexadecimal digits, and together they are UTF-8.',
  percent_encoded_ascii:
    'Write plain characters plainly, without %. Encoded slashes or dots are not allowed.',
  bad_path: 'In a path, everything but plain letters, digits and marks is percent-encoded, as in caf%C3%A9.',
  path_too_long: 'A path has at most 120 characters here. A shorter one that ends in / allows all below it.',
  path_required: 'Many people share this host. Add the part of the path that is theirs.',
};

export interface Refusal {
  readonly ok: false;
  readonly code: RefusalCode;
  /** What to do, in English. */
  readonly hint: string;
}

export function refuse(code: RefusalCode, hint: string = HINTS[code]): Refusal {
  return { ok: false, code, hint };
}
