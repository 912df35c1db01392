import { CspEvaluator } from 'csp_evaluator/dist/evaluator.js';
import { Severity } from 'csp_evaluator/dist/finding.js';
import { CspParser } from 'csp_evaluator/dist/parser.js';
import { describe, expect, it } from 'vitest';
import {
  barePolicy,
  buildPolicy,
  HEADER_BUDGET,
  headerBytes,
  policyBytes,
  type SitePolicy,
  TRIALS,
  type Trial,
} from '../../../src/core/origins/policy.ts';
import { DEFAULT_RULES } from '../../../src/core/origins/rules.ts';
import { readPolicy } from './support.ts';

const SITE: SitePolicy = { pictures: [], dataPictures: false, formActions: [], reports: '/api/csp/reports' };
const WIKI: SitePolicy = {
  ...SITE,
  pictures: ['https://upload.wikimedia.org'],
  dataPictures: true,
  formActions: ['https://meta.wikimedia.org'],
};
const build = (optIns: string[], site = SITE, trials: Trial[] = []) =>
  buildPolicy(site, optIns, DEFAULT_RULES, trials);

describe('the header', () => {
  it('names everything that runs code, frames, or never falls back', () => {
    expect(build(['https://api.example.org', 'wss://stream.example.org/v2/'])).toBe(
      "default-src 'self' https://api.example.org wss://stream.example.org/v2/; " +
        "img-src 'self' https://api.example.org wss://stream.example.org/v2/; " +
        "script-src 'self'; script-src-attr 'none'; worker-src 'none'; child-src 'none'; frame-src 'none'; " +
        "object-src 'none'; style-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; " +
        "frame-ancestors 'none'; report-to csp; report-uri /api/csp/reports",
    );
  });

  it('repeats the origins where img-src is set for the hosts of the wiki', () => {
    const policy = readPolicy(build(['https://a.example.org'], WIKI));
    expect(policy.get('img-src')).toEqual([
      "'self'",
      'data:',
      'https://upload.wikimedia.org',
      'https://a.example.org',
    ]);
    expect(policy.get('form-action')).toEqual(["'self'", 'https://meta.wikimedia.org']);
  });

  it('leaves out rows that are not what was accepted, whoever wrote them', () => {
    const rows = [
      'https://a.example.org',
      'https://x.example.org;script-src-elem',
      "'unsafe-inline'",
      '*',
      'https://b.example.org https://c.example.org',
      'https://B.example.org',
      'http://d.example.org',
      'https://e.example.org/a',
      'data:',
      '',
    ];
    expect(build(rows)).toBe(build(['https://a.example.org']));
    const denied = { ...DEFAULT_RULES, denied: ['example.org'] };
    expect(buildPolicy(SITE, ['https://a.example.org'], denied)).toBe(barePolicy(SITE));
  });

  it('does not take a separator from the settings of the site either', () => {
    expect(() => build([], { ...SITE, pictures: ['https://a.example; script-src *'] })).toThrow('img-src');
    expect(() => build([], { ...SITE, formActions: ['https://a.example,'] })).toThrow('form-action');
  });

  it('has nothing that the evaluator of CSPs holds to be dangerous', () => {
    for (const policy of [build([]), build(['https://a.example.org'], WIKI)]) {
      const findings = new CspEvaluator(new CspParser(policy).csp).evaluate();
      // 'self' for scripts is told of in general: it is only as safe as what the site itself serves.
      const bad = findings.filter((one) => one.severity <= Severity.MEDIUM && one.value !== "'self'");
      expect(bad).toEqual([]);
    }
  });

  it.each(Object.keys(TRIALS) as Trial[])('tries %s, which is never wider', (trial) => {
    const before = readPolicy(build(['https://a.example.org'], WIKI));
    const after = readPolicy(build(['https://a.example.org'], WIKI, [trial]));
    expect(after).not.toEqual(before);
    for (const [name, values] of after) {
      const was = before.get(name) ?? before.get('default-src') ?? [];
      expect(values.filter((value) => value !== "'none'" && !was.includes(value))).toEqual([]);
    }
  });
});

describe('the budget', () => {
  const origins = (n: number) => Array.from({ length: n }, (_, i) => `https://host-${100 + i}.example.org`);

  it('counts the whole header under its longer name, and the origins once', () => {
    const bytes = policyBytes(SITE, ['https://a.example.org']);
    expect(bytes).toEqual({ header: headerBytes(build(['https://a.example.org'])), optIns: 22, fits: true });
    expect(bytes.header).toBe(
      Buffer.byteLength(`Content-Security-Policy-Report-Only: ${build(['https://a.example.org'])}\r\n`),
    );
  });

  it('ends where the header would pass it', () => {
    let most = 0;
    while (policyBytes(WIKI, origins(most + 1)).fits) most++;
    expect(most).toBeGreaterThan(30);
    expect(headerBytes(build(origins(most), WIKI))).toBeLessThanOrEqual(HEADER_BUDGET);
    expect(policyBytes(WIKI, origins(most + 1))).toMatchObject({ fits: false });
  });
});
