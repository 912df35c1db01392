import { CspEvaluator } from 'csp_evaluator/dist/evaluator.js';
import { type Finding, Severity, Type } from 'csp_evaluator/dist/finding.js';
import { CspParser } from 'csp_evaluator/dist/parser.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressOf, RULES } from './rules.ts';
import { buildWorld, KINDS, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await buildWorld('sqlite', {
    // As it is in production, with Wikimedia's hosts and its sign-in.
    production: true,
    pictureHosts: ['upload.wikimedia.org'],
    oauthOrigin: 'https://meta.wikimedia.org',
  });
});
afterAll(() => world.dispose());

const findingsOf = (policy: string) => new CspEvaluator(new CspParser(policy).csp).evaluate();
const isGrave = (finding: Finding) =>
  [Severity.HIGH, Severity.HIGH_MAYBE, Severity.MEDIUM, Severity.SYNTAX].includes(finding.severity);
const inWords = (finding: Finding) => `${finding.directive} ${finding.value ?? ''}: ${finding.description}`;

test.each(Object.keys(RULES))('%s: csp_evaluator finds nothing grave in its header', async (name) => {
  const rule = RULES[name];
  if (!rule) throw new Error(name);
  const [method = '', path = ''] = name.split(' ');
  for (const kind of KINDS) {
    const address = addressOf(path, rule, { world, kind, ids: world.ours });
    const response = await world.browsers[kind].send(address, { method, headers: { accept: 'text/html' } });
    await response.body?.cancel();
    const { headers } = response;
    const policy = headers.get('content-security-policy') ?? '';
    expect([kind, findingsOf(policy).filter(isGrave).map(inWords)]).toEqual([kind, []]);
    expect(policy).not.toMatch(/unsafe|\*|blob:|http:(?!\/\/localhost)/);
    // One header: of two policies both would hold, of two values in one the second would be forgotten.
    expect(policy).not.toContain(',');
    expect(headers.has('content-security-policy-report-only') && !policy).toBe(false);
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toContain('max-age=31536000');
  }
});

test('what is not there, what is refused and what is broken have it too', async () => {
  for (const path of [
    '/nowhere',
    '/assets/x/none.css',
    '/api/nothing',
    '//evil.example',
    '/%',
    '/projects/999',
  ])
    expect(
      findingsOf((await world.browsers.owner.get(path)).headers.get('content-security-policy') ?? '').filter(
        isGrave,
      ),
    ).toEqual([]);
});

test('the evaluator would say so if there were something', () => {
  const bad = "default-src 'self'; script-src 'self' 'unsafe-inline' https: data:; object-src *";
  expect(
    findingsOf(bad)
      .filter((finding) => finding.severity === Severity.HIGH)
      .map((one) => one.type),
  ).toContain(Type.SCRIPT_UNSAFE_INLINE);
});
