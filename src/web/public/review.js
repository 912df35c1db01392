import { follow } from './live.js';

/** Keys for the buttons of the page, a closer look, and the next picture loaded ahead. */
/** How many times as large as its boxes the closer look is. */
const ROOM = 1.6;
const photo = document.querySelector('[data-photo]');
const keys = document.querySelector('[data-keys]');
const keysOn = document.querySelector('[data-keys-on]');
const ahead = document.querySelector('[data-ahead]');
const waiting = document.querySelector('[data-events]');

if (ahead) new Image().src = ahead.dataset.ahead;

// Nothing to answer now: as soon as something happens in the project there may be.
if (waiting) {
  let first = true;
  follow(waiting.dataset.events, '', () => {
    if (!first) location.reload();
    first = false;
  });
}

// Single letters act at once, so whoever dictates or types by accident can switch them off.
if (keys) {
  keys.hidden = false;
  keysOn.checked = localStorage.getItem('visavis-keys') !== 'off';
  keysOn.addEventListener('change', () => {
    localStorage.setItem('visavis-keys', keysOn.checked ? 'on' : 'off');
  });
}

document.addEventListener('keydown', (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.target.matches('input:not([type=checkbox]), textarea, select')) return;
  if (keysOn && !keysOn.checked) return;
  const key = event.key === '?' ? 'M' : event.key.toUpperCase();
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!button || button.closest('[hidden]')) return;
  event.preventDefault();
  button.click();
});

// One answer a page: a second press would be sent for the face that was just answered.
document.addEventListener('submit', (event) => {
  if (document.body.dataset.sent) event.preventDefault();
  document.body.dataset.sent = 'yes';
});
window.addEventListener('pageshow', () => {
  delete document.body.dataset.sent;
});

if (photo) {
  const whole = photo.getAttribute('viewBox');
  const around = aroundBoxes();
  const zoom = document.querySelector('[data-zoom]');
  document.querySelector('[data-tools]').hidden = around === null;
  zoom.addEventListener('click', () => {
    const closer = zoom.getAttribute('aria-pressed') !== 'true';
    zoom.setAttribute('aria-pressed', String(closer));
    photo.setAttribute('viewBox', closer ? around : whole);
  });

  /** The boxes with some room around them, in the shape of the picture; null: that is all of it. */
  function aroundBoxes() {
    const [, , width, height] = whole.split(' ').map(Number);
    const boxes = [...photo.querySelectorAll('[data-box]')].map((box) => box.getBBox());
    const left = Math.min(...boxes.map((box) => box.x));
    const top = Math.min(...boxes.map((box) => box.y));
    const right = Math.max(...boxes.map((box) => box.x + box.width));
    const bottom = Math.max(...boxes.map((box) => box.y + box.height));
    const share = ROOM * Math.max((right - left) / width, (bottom - top) / height);
    if (share >= 1) return null;
    const x = Math.min(width * (1 - share), Math.max(0, (left + right - share * width) / 2));
    const y = Math.min(height * (1 - share), Math.max(0, (top + bottom - share * height) / 2));
    return [x, y, share * width, share * height].join(' ');
  }
}
