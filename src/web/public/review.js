import { follow } from './live.js';
import './photo.js';

/** One question after the other: the next picture is loaded ahead, and one answer is sent a page. */
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

// One answer a page: a second press would be sent for the face that was just answered.
document.addEventListener('submit', (event) => {
  if (document.body.dataset.sent) event.preventDefault();
  document.body.dataset.sent = 'yes';
});
window.addEventListener('pageshow', () => {
  delete document.body.dataset.sent;
});
