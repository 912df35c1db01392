import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { inject } from 'vitest';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
// Names of this machine alone; an address that is written in numbers is not looked up.
const NAMES = 'MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1';

/** @param hosts names that stand for a port of this machine over https, with a certificate that nobody signed */
function flags(hosts: Readonly<Record<string, number>> = {}): string[] {
  const mapped = Object.entries(hosts).map(([name, port]) => `MAP ${name}:443 127.0.0.1:${port}`);
  return [...FLAGS, `--host-resolver-rules=${[...mapped, NAMES].join(', ')}`];
}

function trusting(key: string): string[] {
  return [`--ignore-certificate-errors-spki-list=${key}`, '--short-reporting-delay'];
}

/** A browser with a profile of its own: another person. */
export async function openBrowser(
  options: {
    width?: number;
    dark?: boolean;
    javaScript?: boolean;
    touch?: boolean;
    hosts?: Readonly<Record<string, number>>;
    /** SHA-256 of a public key in base64: certificates with it are as good as signed, and reports come at once. */
    trusted?: string;
  } = {},
): Promise<BrowserContext> {
  const executablePath = inject('chromium');
  if (!executablePath) throw new Error('Chromium is not installed');
  return chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'visavis-chromium-')), {
    executablePath,
    args: [...flags(options.hosts), ...(options.trusted ? trusting(options.trusted) : [])],
    ignoreHTTPSErrors: options.hosts !== undefined,
    viewport: { width: options.width ?? 1280, height: 900 },
    colorScheme: options.dark ? 'dark' : 'light',
    javaScriptEnabled: options.javaScript ?? true,
    hasTouch: options.touch ?? false,
    isMobile: options.touch ?? false,
    locale: 'en-GB',
  });
}

/** One Chromium for many people: each context of it is another person. */
export async function openChromium(): Promise<Browser> {
  const executablePath = inject('chromium');
  if (!executablePath) throw new Error('Chromium is not installed');
  return chromium.launch({ executablePath, args: flags() });
}
