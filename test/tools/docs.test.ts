import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const below = (folder: string) =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...below('docs').filter((path) => path.endsWith('.md')),
];
/** What the pages have people install. */
const INSTALLED = ['Procfile', 'Containerfile', ...below('deploy')];

/** For those who work on the product; no setting of it. */
const DEVELOPERS = ['VISAVIS_CARDS_DIR', 'VISAVIS_LONG_TESTS', 'VISAVIS_SHOTS_DIR'];

describe('the documents', () => {
  it.each(PAGES)('%s links to what is there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    const own = links.filter((link) => !/^https?:/.test(link));
    for (const link of own) expect(existsSync(join(root, dirname(page), link)), link).toBe(true);
  });

  it.each([...PAGES.slice(1), ...INSTALLED])('%s names settings that the README explains', (page) => {
    const listed = names(read('README.md'));
    for (const name of names(read(page))) expect(listed, name).toContain(name);
  });

  it.each(PAGES)('%s names programs and scripts of ours that are there', (page) => {
    const paths = [...read(page).matchAll(/\b((?:test|tools|src|deploy|docs|bin)\/[\w./@-]*\w)/g)];
    for (const [, path = ''] of paths) {
      const tried = [path, `${path}.test.ts`].map((one) => existsSync(join(root, one)));
      expect(tried, path).toContain(true);
    }
  });

  it('the Procfile, the jobs, the units and the image start roles that there are', () => {
    const roles = read('Procfile')
      .trim()
      .split('\n')
      .map((line) => line.split(': ', 2));
    for (const [name = '', command = ''] of roles) expect(command.split(' ').at(-1)).toBe(name);
    const jobs = [...read('deploy/toolforge/jobs.yaml').matchAll(/command: (\w+)/g)].map(([, one]) => one);
    expect(jobs).toEqual(['bots', 'worker', 'worker']);
    for (const job of jobs) expect(roles.map(([name]) => name)).toContain(job);
    const units = below('deploy/systemd').filter((path) => path.endsWith('.service'));
    const started = units.map((path) => /^ExecStart=.*\/bin\/visavis (\w+)$/m.exec(read(path))?.[1]);
    expect(started.sort()).toEqual(['bots', 'web', 'worker']);
  });
});

/** Settings of the product that a text names. */
function names(text: string): string[] {
  return [...text.matchAll(/\bVISAVIS_[A-Z0-9_]*[A-Z0-9]\b/g)]
    .map(([name]) => name)
    .filter((name) => !DEVELOPERS.includes(name));
}
