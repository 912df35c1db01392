import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Elsewhere } from './elsewhere.ts';

/** What an opt-in lets through. */
export const DATA = ['fetch', 'beacon', 'image', 'media', 'font', 'websocket'] as const;
/** What runs, looks, frames or leads away: nothing that a user allows changes any of it. */
export const CODE = [
  'script',
  'import',
  'eval',
  'blob',
  'worker',
  'stylesheet',
  'iframe',
  'object',
  'base',
  'form',
] as const;
type Kind = (typeof DATA)[number] | (typeof CODE)[number];

/** What a page could do with each host: `{ HOST: ['fetch', …] }`, in the order above. */
export type Could = Record<string, Kind[]>;

/** Tries every kind of load on the page that is open. */
export async function tryLoads(page: Page, elsewhere: Elsewhere, hosts: readonly string[]): Promise<Could> {
  elsewhere.asked.clear();
  await page.evaluate(WATCH);
  const did: Could = {};
  for (const host of hosts)
    did[host] = (await page.evaluate(`(${LOADS})(${JSON.stringify(host)})`)) as Kind[];
  // A beacon ends without a word: the server heard it, or the browser says that it was stopped.
  for (const host of hosts) {
    await expect
      .poll(
        async () =>
          elsewhere.asked.has(`${host}/beacon`) ||
          (await page.evaluate(`stopped.some((one) => one.includes(${JSON.stringify(`${host}/beacon`)}))`)),
        { timeout: 30_000 },
      )
      .toBe(true);
  }
  const could: Could = {};
  for (const host of hosts) {
    // What only has to be fetched counts when the server was asked, whatever the page made of it.
    const reached = (kind: Kind) =>
      !['eval', 'blob', 'worker', 'base'].includes(kind) && elsewhere.asked.has(`${host}/${kind}`);
    could[host] = [...DATA, ...CODE].filter((kind) => reached(kind) || did[host]?.includes(kind));
  }
  // Last, because it leaves the page where it is not stopped.
  for (const host of hosts) {
    const gone = await page
      .evaluate(`(${FORM})(${JSON.stringify(host)})`)
      .then(() => false)
      .catch(() => true);
    if (gone) await page.waitForURL(`https://${host}/form`);
    if (elsewhere.asked.has(`${host}/form`)) could[host]?.push('form');
    if (gone) break;
  }
  return could;
}

/* The code below runs in the browser; as text, because it is no program of ours. */

const WATCH = `
  globalThis.ran = [];
  globalThis.stopped = [];
  document.addEventListener('securitypolicyviolation', (event) => {
    if (event.disposition === 'enforce') stopped.push(event.effectiveDirective + ' ' + event.blockedURI);
  });
`;

const LOADS = `async (host) => {
  const at = (kind, scheme = 'https') => scheme + '://' + host + '/' + kind;
  ran.length = 0;
  const element = (name, set) =>
    new Promise((resolve) => {
      const made = Object.assign(document.createElement(name), { onload: resolve, onerror: resolve }, set);
      document.body.append(made);
    });
  const attempt = async (kind, act) => {
    try {
      if ((await act()) === true) ran.push(kind);
    } catch {
      // Stopped; what the server heard is looked at too.
    }
  };
  const text = (kind) => fetch(at(kind)).then((answer) => answer.text());
  const blobOf = (source) => URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  await Promise.all([
    attempt('fetch', () => fetch(at('fetch')).then((answer) => answer.ok)),
    attempt('beacon', () => { navigator.sendBeacon(at('beacon'), 'x'); }),
    attempt('image', () => element('img', { src: at('image') })),
    attempt('media', () => new Promise((resolve) => {
      const audio = new Audio();
      audio.onerror = resolve;
      audio.onloadedmetadata = resolve;
      audio.src = at('media');
      audio.load();
    })),
    attempt('font', () => new FontFace('elsewhere', 'url(' + at('font') + ')').load().then(() => {})),
    attempt('websocket', () => new Promise((resolve, reject) => {
      const socket = new WebSocket(at('websocket', 'wss'));
      socket.onopen = () => { socket.close(); resolve(true); };
      socket.onerror = reject;
    })),
    attempt('script', () => element('script', { src: at('script') })),
    attempt('import', () => import(at('import')).then(() => {})),
    attempt('eval', async () => { (0, eval)(await text('eval')); }),
    attempt('blob', async () => { await element('script', { src: blobOf(await text('blob')) }); }),
    attempt('worker', async () => {
      const worker = new Worker(blobOf(await text('worker')));
      return new Promise((resolve) => {
        worker.onmessage = () => resolve(true);
        worker.onerror = () => resolve(false);
      });
    }),
    attempt('stylesheet', () => element('link', { rel: 'stylesheet', href: at('stylesheet') })),
    attempt('iframe', () => element('iframe', { src: at('iframe') })),
    attempt('object', () => element('object', { data: at('object') })),
  ]);
  await attempt('base', () => {
    const base = Object.assign(document.createElement('base'), { href: at('base') });
    document.head.prepend(base);
    const led = document.baseURI.startsWith(at('base'));
    base.remove();
    return led;
  });
  return [...ran];
}`;

const FORM = `(host) =>
  new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', (event) => {
      if (event.effectiveDirective === 'form-action' && event.disposition === 'enforce') resolve();
    });
    const form = Object.assign(document.createElement('form'), { action: 'https://' + host + '/form', method: 'post' });
    document.body.append(form);
    form.submit();
  })`;
