/** A browser without a window: keeps cookies, follows nothing by itself, and finds the token of a form. */
export class Browser {
  readonly cookies = new Map<string, string>();
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.send(path, { headers: { accept: 'text/html', ...headers } });
  }

  /** @param fields with the token of the session's forms, unless another one is given */
  async post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    const csrf = fields.csrf ?? (await this.csrf());
    return this.send(path, {
      method: 'POST',
      headers: { accept: 'text/html', ...headers },
      body: new URLSearchParams({ ...fields, csrf }),
    });
  }

  async csrf(): Promise<string> {
    const page = await (await this.get('/language')).text();
    return /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
  }

  /** Through the sign-in, as the fake wiki does it. */
  async signIn(username: string, next = '/'): Promise<Response> {
    const begun = await this.get(`/sign-in?next=${encodeURIComponent(next)}`);
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
    return this.get(`/oauth/callback?code=${encodeURIComponent(username)}&state=${state}`);
  }

  async send(path: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers(init.headers);
    if (cookie) headers.set('cookie', cookie);
    const response = await fetch(this.url + path, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name = '', value = ''] = pair.split('=');
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }
}
