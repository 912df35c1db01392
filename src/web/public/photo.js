/** A picture with boxes: a closer look, and drawing where the reader may. */
import './keys.js';
import { createDrawing } from './drawing.js';
import { createZoom } from './zoom.js';

const photo = document.querySelector('[data-photo]');
const form = document.querySelector('[data-keep]');

if (photo) {
  let drawing = null;
  const zoom = createZoom(photo, () => drawing?.isDrawing() ?? false);
  if (form) {
    drawing = createDrawing(photo, zoom, form, document.querySelector('[data-say]'));
    for (const link of document.querySelectorAll('[data-draw], [data-redraw]'))
      link.addEventListener('click', (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        drawing.start(link.dataset.redraw ?? '');
      });
    drawing.resume();
  }
}
