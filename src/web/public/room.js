import { exchange, fetchFragment, follow, remember } from './live.js';

const list = document.querySelector('#messages');
const scroller = list.parentElement;
const problem = document.querySelector('[data-problem]');
const who = whoAmI();
const composer = document.querySelector('[data-composer]');
const text = composer.querySelector('textarea');
// English as the server writes it: 13:40.
const { lang } = document.documentElement;
const locale = lang === 'en' ? 'en-GB' : lang;

remember(list.children);
localTimes();
toTheEnd();
follow(list.dataset.events, list.dataset.version, refresh);

async function refresh() {
  const fresh = await fetchFragment(list.dataset.live);
  if (!fresh) return;
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  exchange(list, fresh.children, (element) => element.id);
  // Signed out, or somebody new here: the rest of the page is of another session, and so are its forms.
  if (whoAmI() !== who) location.reload();
  localTimes();
  if (atEnd) toTheEnd();
}

function whoAmI() {
  return list.querySelector('#who')?.dataset.who;
}

/** The server writes UTC, because it does not know where the reader is. */
function localTimes() {
  for (const time of list.querySelectorAll('time:not([title])')) {
    const at = new Date(time.dateTime);
    time.title = `${at.toLocaleString(locale)}`;
    time.textContent = at.toLocaleTimeString(locale, { timeStyle: 'short' });
  }
}

function toTheEnd() {
  scroller.scrollTop = scroller.scrollHeight;
}

// Pictures grow the list after it was scrolled.
list.addEventListener(
  'load',
  () => {
    if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 500) toTheEnd();
  },
  true,
);

document.addEventListener('submit', async (event) => {
  const form = event.target;
  if (!form.matches('[data-async]')) return;
  event.preventDefault();
  const button = event.submitter;
  if (button?.getAttribute('aria-busy') === 'true') return;
  button?.setAttribute('aria-busy', 'true');
  await send(form, new URLSearchParams(new FormData(form, button)));
  button?.removeAttribute('aria-busy');
});

async function send(form, fields) {
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: fields,
    });
    const answer = await response.json();
    say(response.ok ? '' : answer.message);
    if (!response.ok) return;
    const key = form.querySelector('[name=key]');
    if (key) key.value = newKey();
    if (form === composer) text.value = '';
    await refresh();
    if (form === composer || key) toTheEnd();
  } catch {
    // No connection: the plain way shows the browser's own message.
    form.submit();
  }
}

function say(words) {
  problem.textContent = words;
  problem.hidden = words === '';
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(9))].map((byte) => byte.toString(36)).join('');
}

text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (text.value.trim() !== '') composer.requestSubmit(composer.querySelector('button'));
});
