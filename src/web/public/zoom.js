/**
 * A closer look at a picture: buttons, keys, the wheel with Ctrl, two fingers; moved by dragging or arrow keys. It
 * changes the `viewBox` alone. Lengths are pixels of the original picture.
 */

/** How many times larger a picture can be shown. */
const MOST = 8;
const STEP = 1.5;
/** How many times as large as its boxes the closer look is. */
const ROOM = 1.6;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param photo the svg of a picture
 * @param isDrawing whether a single pointer draws just now
 */
export function createZoom(photo, isDrawing) {
  const [, , width, height] = photo.getAttribute('viewBox').split(' ').map(Number);
  const whole = { x: 0, y: 0, w: width, h: height };
  const button = (name) => document.querySelector(`[data-zoom${name}]`);
  const [larger, smaller, closer] = [button('-in'), button('-out'), button('')];
  const pointers = new Map();
  const changed = [];
  let view = whole;
  /** Where two fingers, or one that pans, began. */
  let grip = null;

  const around = aroundBoxes();
  if (closer) {
    closer.hidden = around === null;
    document.querySelector('[data-tools]').hidden = false;
    closer.addEventListener('click', () => {
      const isCloser = closer.getAttribute('aria-pressed') === 'true';
      setView(isCloser ? whole : around, !isCloser);
    });
    larger.addEventListener('click', () => scale(STEP));
    smaller.addEventListener('click', () => scale(1 / STEP));
  }

  photo.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      scale(Math.exp(-event.deltaY / 200), place(event));
    },
    { passive: false },
  );
  // Two fingers belong to the picture: the page would scroll under them.
  photo.addEventListener(
    'touchstart',
    (event) => {
      if (event.touches.length > 1) event.preventDefault();
    },
    { passive: false },
  );
  photo.addEventListener('pointerdown', (event) => {
    pointers.set(event.pointerId, event);
    const [first, second] = [...pointers.values()];
    if (second) grip = { view, about: place(middle(first, second)), apart: apart(first, second) };
    else if (view.w < whole.w && !isDrawing() && event.button === 0) {
      grip = { view, about: place(event), apart: 0 };
      photo.setPointerCapture(event.pointerId);
    }
  });
  photo.addEventListener('pointermove', (event) => {
    if (!pointers.has(event.pointerId)) return;
    pointers.set(event.pointerId, event);
    const [first, second] = [...pointers.values()];
    if (!grip || (grip.apart === 0) === (second !== undefined)) return;
    const w = second ? (grip.view.w * grip.apart) / Math.max(1, apart(first, second)) : grip.view.w;
    holdAt(grip.about, second ? middle(first, second) : first, w);
  });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave'])
    photo.addEventListener(end, (event) => {
      pointers.delete(event.pointerId);
      grip = null;
    });
  photo.addEventListener('keydown', (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow || isDrawing() || view.w === whole.w) return;
    event.preventDefault();
    setView({ ...view, x: view.x + (arrow[0] * view.w) / 8, y: view.y + (arrow[1] * view.h) / 8 });
  });

  return {
    whole,
    view: () => view,
    isPinching: () => pointers.size > 1,
    place,
    /** Pixels of the picture in one of the screen. */
    unit: () => 1 / photo.getScreenCTM().a,
    onChange: (act) => changed.push(act),
    /** Moves the picture so that a box can be seen. */
    show({ x, y, w, h }) {
      const isIn = x >= view.x && y >= view.y && x + w <= view.x + view.w && y + h <= view.y + view.h;
      if (isIn) return;
      const size = Math.max(view.w / whole.w, w / whole.w, h / whole.h);
      const [vw, vh] = [size * whole.w, size * whole.h];
      setView({ x: x + (w - vw) / 2, y: y + (h - vh) / 2, w: vw, h: vh });
    },
  };

  /** A point of the screen as one of the picture. */
  function place({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(photo.getScreenCTM().inverse());
    return { x, y };
  }

  /** @param about what stays where it is; the middle when nothing is given */
  function scale(factor, about = { x: view.x + view.w / 2, y: view.y + view.h / 2 }) {
    const w = within(view.w / factor, whole.w / MOST, whole.w);
    const share = w / view.w;
    setView({
      x: about.x - (about.x - view.x) * share,
      y: about.y - (about.y - view.y) * share,
      w,
      h: view.h * share,
    });
  }

  /** Shows so much of the picture that a point of it lies below a point of the screen. */
  function holdAt(about, { clientX, clientY }, wanted) {
    const { a, e, f } = photo.getScreenCTM();
    const w = within(wanted, whole.w / MOST, whole.w);
    const share = w / view.w;
    setView({
      x: about.x - ((clientX - e) / a - view.x) * share,
      y: about.y - ((clientY - f) / a - view.y) * share,
      w,
      h: (w * whole.h) / whole.w,
    });
  }

  function setView(wanted, isCloser = false) {
    const { w, h } = wanted;
    // What was multiplied and divided again is a hair off.
    const isWhole = w > whole.w * 0.9999;
    view = isWhole
      ? whole
      : { x: within(wanted.x, 0, whole.w - w), y: within(wanted.y, 0, whole.h - h), w, h };
    photo.setAttribute('viewBox', [view.x, view.y, view.w, view.h].join(' '));
    photo.classList.toggle('photo--zoomed', !isWhole);
    if (!isWhole) photo.setAttribute('tabindex', '0');
    else if (!isDrawing()) photo.removeAttribute('tabindex');
    closer?.setAttribute('aria-pressed', String(isCloser));
    if (larger) larger.disabled = view.w <= whole.w / MOST + 0.5;
    if (smaller) smaller.disabled = isWhole;
    for (const act of changed) act();
  }

  /** The boxes with some room around them, in the shape of the picture; null: that is all of it. */
  function aroundBoxes() {
    const boxes = [...photo.querySelectorAll('[data-box]')].map((box) => box.getBBox());
    if (boxes.length === 0) return null;
    const left = Math.min(...boxes.map((box) => box.x));
    const top = Math.min(...boxes.map((box) => box.y));
    const right = Math.max(...boxes.map((box) => box.x + box.width));
    const bottom = Math.max(...boxes.map((box) => box.y + box.height));
    const share = Math.max(1 / MOST, ROOM * Math.max((right - left) / width, (bottom - top) / height));
    if (share >= 1) return null;
    const [w, h] = [share * width, share * height];
    return { x: (left + right - w) / 2, y: (top + bottom - h) / 2, w, h };
  }
}

export function within(value, least, most) {
  return Math.min(most, Math.max(least, value));
}

function middle(a, b) {
  return { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
}

function apart(a, b) {
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}
