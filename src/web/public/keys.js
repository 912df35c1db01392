/** Keys for the buttons and links of a page that name one. */
const keys = document.querySelector('[data-keys]');
const keysOn = document.querySelector('[data-keys-on]');

// Single letters act at once, so whoever dictates or types by accident can switch them off.
if (keys) {
  keys.hidden = false;
  keysOn.checked = localStorage.getItem('visavis-keys') !== 'off';
  keysOn.addEventListener('change', () => {
    localStorage.setItem('visavis-keys', keysOn.checked ? 'on' : 'off');
  });
}

const ALSO = { '?': 'M', '=': '+' };

document.addEventListener('keydown', (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.target.matches('input:not([type=checkbox]), textarea, select')) return;
  if (keysOn && !keysOn.checked) return;
  const key = ALSO[event.key] ?? event.key.toUpperCase();
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!button || button.closest('[hidden]')) return;
  // While a box is drawn no key may answer: only the tools of the picture listen.
  if (document.body.dataset.drawing && !button.closest('.tools')) return;
  event.preventDefault();
  button.click();
});
