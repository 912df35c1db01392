import { fieldsOf } from '../sandbox/harness.ts';

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
}

/** Somebody with a browser: cookies for each site, and redirects followed as browsers do. */
export class Person {
  /** Every address the browser came through, the last one included. */
  readonly way: URL[] = [];
  readonly #jars = new Map<string, Map<string, string>>();

  async open(address: string | URL): Promise<Page> {
    return this.#go(new URL(address), { method: 'GET' });
  }

  /** Sends a form of a page, with its hidden fields. */
  async send(page: Page, action: string, fields: Record<string, string> = {}): Promise<Page> {
    const body = new URLSearchParams({ ...fieldsOf(page.html), ...fields });
    return this.#go(new URL(action, page.url), { method: 'POST', body });
  }

  /** Follows redirects until a page or, given `until`, an address for which it is true; that one is not opened. */
  async #go(start: URL, first: RequestInit, until?: (url: URL) => boolean): Promise<Page> {
    let url = start;
    let init = first;
    for (let hops = 0; hops < 20; hops++) {
      this.way.push(url);
      if (until?.(url)) return { url, status: 0, html: '' };
      const answer = await this.#fetch(url, init);
      const location = answer.headers.get('location');
      if (answer.status < 300 || answer.status > 399 || location === null)
        return { url, status: answer.status, html: await answer.text() };
      url = new URL(location, url);
      init = { method: 'GET' };
    }
    throw new Error(`too many redirects, the last to ${url}`);
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    const jar = this.#jars.get(url.host) ?? new Map<string, string>();
    this.#jars.set(url.host, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { accept: 'text/html', ...(cookie ? { cookie } : {}) };
    const answer = await fetch(url, { ...init, redirect: 'manual', headers });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }

  /** Goes on from a page of the wiki to the consent page, logging in on the way. */
  async toConsent(page: Page, userId: number): Promise<Page> {
    if (!page.html.includes('wpLoginToken')) return page;
    return this.send(page, '/wiki/Special:UserLogin', { user: String(userId) });
  }

  /** Presses a button of the consent page. */
  async consent(page: Page, answer: 'accept' | 'cancel' = 'accept'): Promise<Page> {
    return this.send(page, '/wiki/Special:OAuth/approve', { [answer]: 'x' });
  }

  /** As `consent`, but stops before our callback is opened, and gives its address. */
  async consentWithoutReturning(page: Page): Promise<URL> {
    const body = new URLSearchParams({ ...fieldsOf(page.html), accept: 'x' });
    const url = new URL('/wiki/Special:OAuth/approve', page.url);
    return (await this.#go(url, { method: 'POST', body }, (one) => one.pathname === '/oauth/callback')).url;
  }
}
