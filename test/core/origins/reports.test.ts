import { describe, expect, it } from 'vitest';
import {
  LARGEST_BATCH,
  MOST_IN_A_BATCH,
  readReports,
  routeOf,
  suggestionOf,
} from '../../../src/core/origins/reports.ts';
import { DEFAULT_RULES } from '../../../src/core/origins/rules.ts';

const OWN = ['https://visavis.example.org'];
const PAGE = 'https://visavis.example.org/projects/12/review?code=secret#x';
const ONE = {
  origin: 'https://api.example.net',
  directive: 'connect-src',
  route: '/projects/:id/review',
};
const legacy = (given: Record<string, unknown> = {}) => ({
  'csp-report': {
    'document-uri': PAGE,
    'blocked-uri': 'https://user:pw@api.example.net/people?name=Ada#top',
    'violated-directive': "connect-src 'self'",
    'effective-directive': 'connect-src',
    'original-policy': 'default-src …',
    ...given,
  },
});
const modern = (given: Record<string, unknown> = {}) => ({
  type: 'csp-violation',
  age: 10,
  url: PAGE,
  user_agent: 'a browser that tells a lot',
  body: {
    documentURL: PAGE,
    blockedURL: 'https://api.example.net/people?name=Ada',
    effectiveDirective: 'connect-src',
    disposition: 'enforce',
    statusCode: 200,
    ...given,
  },
});
const read = (type: string, body: unknown) => readReports(type, JSON.stringify(body), OWN);

describe('reports', () => {
  it.each([
    ['application/csp-report', legacy()],
    ['application/csp-report', legacy({ 'effective-directive': undefined })],
    ['application/reports+json', [modern()]],
    ['application/json', legacy()],
    ['Application/JSON; charset=utf-8', [modern()]],
  ])('of type %s are read; query, path, name and password are not kept', (type, body) => {
    expect(read(type, body)).toEqual([ONE]);
  });

  it.each([
    ['another type', 'text/plain', [modern()]],
    ['nothing', 'application/json', null],
    [
      'a list of nonsense',
      'application/json',
      [1, 'x', [], {}, { 'csp-report': 7 }, { type: 'csp-violation' }],
    ],
    ['another kind of report', 'application/reports+json', [{ ...modern(), type: 'deprecation' }]],
    ["another site's page", 'application/json', [modern({ documentURL: 'https://elsewhere.example/' })]],
    ['an extension of the browser', 'application/json', [modern({ blockedURL: 'chrome-extension://abc/x' })]],
    ['a directive that is none', 'application/json', [modern({ effectiveDirective: '<script>' })]],
    ['no address', 'application/json', [modern({ blockedURL: 'not an address' })]],
    ['no text', 'application/json', [modern({ blockedURL: { toString: 1 } })]],
    ['too large', 'application/json', [modern({ sample: 'x'.repeat(8_192) })]],
  ])('%s is passed over', (_, type, body) => expect(read(type, body)).toEqual([]));

  it('that are broken JSON are passed over', () => {
    expect(readReports('application/json', '[{"type":', OWN)).toEqual([]);
  });

  it('are bounded by number and by size', () => {
    expect(read('application/reports+json', Array(MOST_IN_A_BATCH + 50).fill(modern()))).toHaveLength(
      MOST_IN_A_BATCH,
    );
    const body = JSON.stringify([modern()]);
    expect(readReports('application/json', body.padEnd(LARGEST_BATCH), OWN)).toHaveLength(1);
    expect(readReports('application/json', body.padEnd(LARGEST_BATCH + 1), OWN)).toEqual([]);
  });

  it('keep the words that stand for no origin, and no data', () => {
    const origin = (blockedURL: string) => read('application/json', [modern({ blockedURL })])[0]?.origin;
    expect(origin('inline')).toBe('inline');
    expect(origin('data:image/png;base64,AAAA')).toBe('data');
    expect(origin('blob:https://visavis.example.org/1234')).toBe('blob');
    expect(origin('wss://api.example.net:8443/x')).toBe('wss://api.example.net:8443');
  });

  it.each([
    ['/', '/'],
    ['/projects/12/faces/7', '/projects/:id/faces/:id'],
    ['/link/kZ3x-9_secretsecretsecret', '/link/:other'],
    ['/a/b/c/d/e/f', '/a/b/c/d'],
    ['//x', '/x'],
  ])('the route of %s is %s', (path, route) => expect(routeOf(path)).toBe(route));
});

describe('suggestions', () => {
  const suggest = (origin: string, directive = 'img-src') =>
    suggestionOf({ origin, directive }, { ...DEFAULT_RULES, denied: ['denied.net'] });

  it('are made for data', () => {
    for (const directive of ['connect-src', 'img-src', 'media-src', 'font-src', 'default-src'])
      expect(suggest('https://api.example.net', directive)).toBe('https://api.example.net');
    expect(suggest('wss://api.example.net')).toBe('wss://api.example.net');
    expect(suggest('https://cdn.jsdelivr.net')).toBe('https://cdn.jsdelivr.net');
  });

  it.each([
    'script-src',
    'script-src-elem',
    'script-src-attr',
    'style-src',
    'frame-src',
    'worker-src',
    'object-src',
  ])('are never made for %s', (directive) =>
    expect(suggest('https://api.example.net', directive)).toBeNull(),
  );

  it.each(['http://api.example.net', 'https://10.0.0.1', 'https://a.denied.net', 'inline', 'data'])(
    'are never made for %s',
    (origin) => expect(suggest(origin)).toBeNull(),
  );
});
