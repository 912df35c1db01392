/**
 * Draws one box on a picture, by mouse, finger, keys or numbers, and fills in the form that keeps it. Lengths are
 * pixels of the original picture; the form speaks of per cent.
 */
import { within } from './zoom.js';

/** The server takes no smaller ones. */
const LEAST = 10;
/** Pixels of the screen: what is nearer to a corner takes hold of it. */
const NEAR = { mouse: 12, pen: 16, touch: 26 };
/** Pixels of the screen: a shorter way is a tap, and draws nothing. */
const TAP = 6;
const SAY_AFTER_MS = 400;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param form the form that keeps the box; @param said where screen readers hear what happens */
export function createDrawing(photo, zoom, form, said) {
  const sides = [...form.querySelectorAll('[data-side]')];
  const which = form.querySelector('[data-which]');
  const numbers = document.querySelector('[data-numbers]');
  const { whole } = zoom;
  const before = Object.fromEntries(['role', 'aria-label'].map((name) => [name, photo.getAttribute(name)]));
  const shapes = shapesOf(photo);
  let box = null;
  let drag = null;
  let timer = 0;
  const chosen = document.querySelector('[data-chosen]');
  // The form that keeps the box asks the same.
  if (chosen && which) chosen.hidden = true;

  zoom.onChange(() => paint());
  addEventListener('resize', () => paint());
  photo.addEventListener('pointerdown', take);
  photo.addEventListener('pointermove', pull);
  photo.addEventListener('pointerup', letGo);
  photo.addEventListener('pointercancel', giveUp);
  photo.addEventListener('keydown', key);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && box) drop();
  });
  form.querySelector('[data-drop]').addEventListener('click', drop);
  which?.addEventListener('change', () => begin(which.value));
  numbers?.addEventListener('input', fromNumbers);

  return {
    isDrawing: () => box !== null,
    /** Begins with a box in the middle, or with the one of a face. */
    start(faceId) {
      if (which) which.value = faceId;
      begin(faceId);
      photo.focus({ preventScroll: true });
      form.scrollIntoView({ block: 'nearest' });
    },
    /** Goes on with the box that the form has. */
    resume() {
      const [x, y, w, h] = sides.map((side) => Number(side.value));
      if ([x, y, w, h].every(Number.isFinite) && w > 0 && h > 0) open(fromPercent({ x, y, w, h }));
    },
  };

  function begin(faceId) {
    if (numbers?.elements.face) numbers.elements.face.value = faceId;
    for (const face of photo.querySelectorAll('[data-face]'))
      face.classList.toggle('photo__old', face.dataset.face === faceId);
    form.querySelector('[data-who]').hidden = faceId !== '';
    open((faceId && boxOfFace(photo, faceId)) || inTheMiddle(zoom.view()));
    say(`${said.dataset.drawing} ${sayPlace()}`);
  }

  function open(first) {
    photo.querySelector('[data-looked]')?.remove();
    document.body.dataset.drawing = 'yes';
    photo.classList.add('photo--drawing');
    photo.setAttribute('tabindex', '0');
    // Screen readers pass arrow keys on to an application alone.
    photo.setAttribute('role', 'application');
    photo.setAttribute('aria-label', said.dataset.drawing);
    form.hidden = false;
    for (const part of form.querySelectorAll('[data-how], [data-drop]')) part.hidden = false;
    put(first);
    zoom.show(box);
  }

  function drop() {
    box = null;
    drag = null;
    delete document.body.dataset.drawing;
    photo.classList.remove('photo--drawing');
    for (const [name, value] of Object.entries(before)) photo.setAttribute(name, value);
    if (!photo.classList.contains('photo--zoomed')) photo.removeAttribute('tabindex');
    for (const face of photo.querySelectorAll('.photo__old')) face.classList.remove('photo__old');
    shapes.hide();
    form.hidden = true;
    for (const side of sides) side.value = '';
    say(said.dataset.dropped);
    document.querySelector('[data-draw]')?.focus({ preventScroll: true });
  }

  /** Keeps a box inside the picture, and large enough. */
  function put(wanted) {
    const w = within(wanted.w, LEAST, whole.w);
    const h = within(wanted.h, LEAST, whole.h);
    box = { x: within(wanted.x, 0, whole.w - w), y: within(wanted.y, 0, whole.h - h), w, h };
    const percent = toPercent(box);
    for (const side of sides) side.value = percent[side.name].toFixed(4);
    if (numbers && !numbers.contains(document.activeElement))
      for (const name of ['x', 'y', 'w', 'h']) numbers.elements[name].value = percent[name].toFixed(2);
    paint();
  }

  function paint() {
    if (box) shapes.show(box, zoom.unit());
  }

  function take(event) {
    if (!box) return;
    // A second finger: this was the beginning of a pinch.
    if (drag) return giveUp();
    if (event.button !== 0 || zoom.isPinching()) return;
    event.preventDefault();
    photo.focus({ preventScroll: true });
    photo.setPointerCapture(event.pointerId);
    const at = zoom.place(event);
    drag = { id: event.pointerId, at, first: box, ...holdOf(at, NEAR[event.pointerType] * zoom.unit()) };
  }

  /** What a press takes hold of: the corner opposite to `anchor`, or the whole box, or nothing: a new box begins. */
  function holdOf(at, near) {
    for (const [x, y] of corners(box)) {
      if (Math.hypot(x - at.x, y - at.y) > near) continue;
      return { hold: 'corner', anchor: { x: 2 * box.x + box.w - x, y: 2 * box.y + box.h - y } };
    }
    const isIn = at.x > box.x && at.x < box.x + box.w && at.y > box.y && at.y < box.y + box.h;
    return isIn ? { hold: 'box' } : { hold: 'new', anchor: at };
  }

  function pull(event) {
    if (drag?.id !== event.pointerId) return;
    const at = zoom.place(event);
    const { first, anchor, hold } = drag;
    if (hold === 'box')
      return put({ ...first, x: first.x + at.x - drag.at.x, y: first.y + at.y - drag.at.y });
    const isTap = Math.hypot(at.x - drag.at.x, at.y - drag.at.y) < TAP * zoom.unit();
    put(hold === 'new' && isTap ? first : between(anchor, at, whole));
  }

  function letGo(event) {
    if (drag?.id !== event.pointerId) return;
    drag = null;
    sayLater();
  }

  function giveUp() {
    if (drag) put(drag.first);
    drag = null;
  }

  function key(event) {
    if (!box || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      form.requestSubmit();
    }
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const step = Math.max(1, zoom.view().w / 50);
    const [dx, dy] = arrow.map((way) => way * step);
    // The other end stays where it is: a box at the edge of the picture does not wander.
    if (event.shiftKey)
      put({ ...box, w: Math.min(box.w + dx, whole.w - box.x), h: Math.min(box.h + dy, whole.h - box.y) });
    else put({ ...box, x: box.x + dx, y: box.y + dy });
    zoom.show(box);
    sayLater();
  }

  function fromNumbers() {
    const [x, y, w, h] = ['x', 'y', 'w', 'h'].map((name) =>
      Number(numbers.elements[name].value.trim().replace(',', '.') || Number.NaN),
    );
    if (![x, y, w, h].every(Number.isFinite) || w <= 0 || h <= 0) return;
    if (box) put(fromPercent({ x, y, w, h }));
    else open(fromPercent({ x, y, w, h }));
  }

  function sayLater() {
    clearTimeout(timer);
    timer = setTimeout(() => box && say(sayPlace()), SAY_AFTER_MS);
  }

  function say(words) {
    clearTimeout(timer);
    said.textContent = words;
  }

  function sayPlace() {
    const { x, y, w, h } = toPercent(box);
    const numbers = [x, y, w, h].map((value) => String(Math.round(value)));
    return said.dataset.place.replace(/\$([1-4])/g, (_, n) => numbers[n - 1]);
  }

  function toPercent({ x, y, w, h }) {
    const [across, down] = [100 / whole.w, 100 / whole.h];
    return { x: x * across, y: y * down, w: w * across, h: h * down };
  }

  function fromPercent({ x, y, w, h }) {
    const [across, down] = [whole.w / 100, whole.h / 100];
    return { x: x * across, y: y * down, w: w * across, h: h * down };
  }
}

/** The box and its four handles in the picture. */
function shapesOf(photo) {
  const make = (name, className) => {
    const shape = document.createElementNS('http://www.w3.org/2000/svg', name);
    shape.setAttribute('class', className);
    return shape;
  };
  const group = make('g', 'photo__drawing');
  const rects = [make('rect', 'photo__under'), make('rect', 'photo__draft')];
  const handles = corners({ x: 0, y: 0, w: 0, h: 0 }).map(() => make('circle', 'photo__handle'));
  group.append(...rects, ...handles);
  return {
    show(box, unit) {
      if (!group.isConnected) photo.append(group);
      for (const rect of rects) set(rect, { x: box.x, y: box.y, width: box.w, height: box.h });
      for (const [i, [cx, cy]] of corners(box).entries()) set(handles[i], { cx, cy, r: 6 * unit });
    },
    hide: () => group.remove(),
  };
}

function set(shape, values) {
  for (const [name, value] of Object.entries(values)) shape.setAttribute(name, String(value));
}

function corners({ x, y, w, h }) {
  return [
    [x, y],
    [x + w, y],
    [x, y + h],
    [x + w, y + h],
  ];
}

/** The box between two corners, as far as it lies in the picture. */
function between(a, b, whole) {
  const [left, right] = [a.x, b.x].map((x) => within(x, 0, whole.w)).sort((one, other) => one - other);
  const [top, bottom] = [a.y, b.y].map((y) => within(y, 0, whole.h)).sort((one, other) => one - other);
  return { x: left, y: top, w: right - left, h: bottom - top };
}

function boxOfFace(photo, faceId) {
  const rect = photo.querySelector(`[data-face="${CSS.escape(faceId)}"] [data-box]`);
  const [x, y, w, h] = ['x', 'y', 'width', 'height'].map((name) => Number(rect?.getAttribute(name)));
  return rect && { x, y, w, h };
}

/** As tall as a quarter of what can be seen, a little narrower: the shape of a face. */
function inTheMiddle(view) {
  const h = Math.min(view.w, view.h) / 4;
  const w = h * 0.8;
  return { x: view.x + (view.w - w) / 2, y: view.y + (view.h - h) / 2, w, h };
}
