/**
 * Follows a page by server-sent events: whenever the version is another one, `refresh` is called with it. The
 * browser reconnects by itself and says what it has seen; when the server turned it away, it tries again later.
 */
export function follow(address, since, refresh) {
  let version = since;
  let source;
  let timer;
  const open = () => {
    source = new EventSource(`${address}?since=${encodeURIComponent(version)}`);
    source.addEventListener('change', (event) => {
      version = event.data;
      void refresh(version);
    });
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(timer);
      timer = setTimeout(open, 5000);
    });
  };
  open();
  // A page that comes back from the browser's memory has a dead connection.
  window.addEventListener('pagehide', () => source.close());
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) open();
  });
}

/**
 * The fragment at an address as a template's content, in the language of the page; null when it cannot be had. With a
 * version that the page has heard of, it is that one or a newer one.
 */
export async function fetchFragment(address, version = '') {
  try {
    const url = new URL(address, location.href);
    const language = new URLSearchParams(location.search).get('uselang');
    if (language) url.searchParams.set('uselang', language);
    const headers = { Accept: 'text/html', ...(version && { 'X-Version': version }) };
    const response = await fetch(url, { headers });
    if (!response.ok) return null;
    const parsed = new DOMParser().parseFromString(await response.text(), 'text/html');
    return parsed.body;
  } catch {
    return null;
  }
}

/**
 * Replaces elements by newer ones with the same key, leaving alone those that say the same: pictures are not
 * loaded again, and the keyboard stays where it is.
 */
export function exchange(parent, fresh, keyOf) {
  const known = new Map([...parent.children].map((element) => [keyOf(element), element]));
  const wanted = [...fresh].map((element) => {
    const old = known.get(keyOf(element));
    if (!old) return element;
    known.delete(keyOf(element));
    const html = served.get(old) ?? old.outerHTML;
    if (html === element.outerHTML) return old;
    const focus = old.contains(document.activeElement) ? markOf(document.activeElement) : null;
    const next = document.importNode(element, true);
    served.set(next, element.outerHTML);
    const open = [...old.querySelectorAll('details[open]')].length > 0;
    old.replaceWith(next);
    if (open) for (const details of next.querySelectorAll('details')) details.open = true;
    if (focus) next.querySelector(focus)?.focus({ preventScroll: true });
    return next;
  });
  for (const gone of known.values()) gone.remove();
  for (const [place, element] of wanted.entries()) {
    if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
  }
}

/** Notes what the server sent, before a module changes something in it. */
export function remember(elements) {
  for (const element of elements) served.set(element, element.outerHTML);
}

/** What the server sent for an element, before the browser changed anything in it. */
const served = new WeakMap();

/** A selector that finds the focused element again in its replacement. */
function markOf(element) {
  if (element.dataset.emoji) return `[data-emoji="${CSS.escape(element.dataset.emoji)}"]`;
  if (element.id) return `#${CSS.escape(element.id)}`;
  const link = element.getAttribute('href');
  return link ? `[href="${CSS.escape(link)}"]` : null;
}
