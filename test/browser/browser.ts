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
  // Names of this machine alone; an address that is written in numbers is not looked up.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1',
];

/** A browser with a profile of its own: another person. */
export async function openBrowser(
  options: { width?: number; dark?: boolean; javaScript?: boolean; touch?: boolean } = {},
): Promise<BrowserContext> {
  const executablePath = inject('chromium');
  if (!executablePath) throw new Error('Chromium is not installed');
  return chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'visavis-chromium-')), {
    executablePath,
    args: FLAGS,
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
  return chromium.launch({ executablePath, args: FLAGS });
}
