/* Runs in the page that is looked at: look.ts sends it there. */
globalThis.inPage = { layoutFaults, focusFaults, wordsOutside };

function layoutFaults() {
  const faults = [];
  const root = document.documentElement;
  const extra = root.scrollWidth - root.clientWidth;
  if (extra > 0) faults.push(`the page is ${extra} px wider than the screen`);
  const name = (element) =>
    `<${element.localName} class="${element.getAttribute('class') ?? ''}"> ${(element.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 50)}`;
  const isHiddenForEyes = (element) => element.closest('.hidden, .skip') !== null;
  const isSeen = (element) =>
    element.checkVisibility({ opacityProperty: false, visibilityProperty: true }) &&
    !isHiddenForEyes(element);

  /** A row that slides brings a link into sight when the keyboard comes to it. */
  const isSlidIntoSight = (element) => {
    const link = element.closest('a[href], button');
    for (let box = link?.parentElement; box && box !== root; box = box.parentElement)
      if (['auto', 'scroll'].includes(getComputedStyle(box).overflowX)) return true;
    return false;
  };

  // Text that something cuts off.
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent || (node.textContent ?? '').trim() === '' || !isSeen(parent) || parent.closest('svg'))
      continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      if (rect.width < 1) continue;
      for (let box = parent; box && box !== root; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (style.overflowX === 'auto' || style.overflowX === 'scroll') break;
        if (style.overflowX === 'visible' || style.textOverflow === 'ellipsis') continue;
        const outer = box.getBoundingClientRect();
        if (rect.left < outer.left - 1 || rect.right > outer.right + 1 || rect.bottom > outer.bottom + 2)
          faults.push(`cut: ${name(parent)}`);
      }
      if (rect.left < -1 || rect.right > root.clientWidth + 1) {
        if (!parent.closest('[tabindex="0"]') && !isSlidIntoSight(parent))
          faults.push(`beyond the edge: ${name(parent)}`);
      }
    }
  }

  // Controls that lie on each other, or are too small for a finger.
  const controls = [
    ...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary'),
  ].filter(isSeen);
  const rects = controls.map((control) => [...control.getClientRects()].map((rect) => seenOf(control, rect)));
  for (const [i, one] of controls.entries()) {
    for (let j = i + 1; j < controls.length; j++) {
      const other = controls[j];
      if (!other || one.contains(other) || other.contains(one)) continue;
      // The head stays where it is while the page goes by below it.
      if ((one.closest('.top') === null) !== (other.closest('.top') === null)) continue;
      const hit = rects[i]?.some((a) =>
        rects[j]?.some(
          (b) =>
            Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1,
        ),
      );
      // Lines of a text lie close together: what counts there is whether the words do.
      const inline = [one, other].every((element) => getComputedStyle(element).display === 'inline');
      if (hit && !inline) faults.push(`on each other: ${name(one)} AND ${name(other)}`);
    }
    if (one.localName === 'a' && getComputedStyle(one).display === 'inline') continue;
    const label =
      one instanceof HTMLInputElement && /^(checkbox|radio)$/.test(one.type) ? one.labels?.[0] : null;
    const [own, other] = [one, label ?? one].map((element) => element.getBoundingClientRect());
    if (!own || !other) continue;
    if (Math.max(own.height, other.height) < 23.5 || Math.max(own.width, other.width) < 23.5)
      faults.push(`small: ${name(one)} ${Math.round(own.width)}×${Math.round(own.height)}`);
  }

  // The frame.
  const count = (selector) => document.querySelectorAll(selector).length;
  for (const [selector, wanted] of [
    ['h1', 1],
    ['main', 1],
    ['body > header', 1],
    ['body > footer', 1],
  ]) {
    if (count(selector) !== wanted) faults.push(`${count(selector)} × ${selector}`);
  }
  if (count('nav') === 0) faults.push('no nav');
  if (document.title.trim() === '') faults.push('no title');
  return [...new Set(faults)];
}

/** The part of a rectangle that the boxes around it let through. */
function seenOf(element, rect) {
  let { left, right, top, bottom } = rect;
  for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
    if (getComputedStyle(box).overflowY === 'visible') continue;
    const outer = box.getBoundingClientRect();
    [left, top] = [Math.max(left, outer.left), Math.max(top, outer.top)];
    [right, bottom] = [Math.min(right, outer.right), Math.min(bottom, outer.bottom)];
  }
  return { left, right, top, bottom };
}

function focusFaults() {
  const faults = [];
  const controls = [
    ...document.querySelectorAll(
      'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]',
    ),
  ].filter((one) => one.checkVisibility() && !one.disabled);
  const looks = (one) =>
    [one, one.nextElementSibling, one.parentElement]
      .map((element) => {
        if (!element) return '';
        const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor } =
          getComputedStyle(element);
        return [
          outlineStyle,
          outlineStyle === 'none' ? '' : outlineWidth + outlineColor,
          boxShadow,
          borderColor,
          backgroundColor,
        ].join(' ');
      })
      .join('|');
  for (const one of controls) {
    document.activeElement?.blur();
    const before = looks(one);
    one.focus();
    const name = `<${one.localName} class="${one.className}"> ${(one.textContent ?? '').trim().slice(0, 40)}`;
    if (document.activeElement !== one) {
      faults.push(`takes no focus: ${name}`);
      continue;
    }
    if (looks(one) === before) faults.push(`looks the same: ${name}`);
    const { top, bottom } = one.getBoundingClientRect();
    if (bottom <= 0 || top >= innerHeight) faults.push(`out of view: ${name}`);
  }
  return [...new Set(faults)];
}

function wordsOutside([open, close]) {
  const found = [];
  const outside = (text) => {
    let depth = 0;
    let rest = '';
    for (const character of text) {
      if (character === open) depth += 1;
      else if (character === close) depth -= 1;
      else if (depth === 0) rest += character;
    }
    return rest;
  };
  const look = (text, where) => {
    const rest = outside(text).trim();
    if (/\p{L}{3,}/u.test(rest)) found.push(`${where}: ${rest.replace(/\s+/g, ' ').slice(0, 100)}`);
  };
  // Attributes cannot say which part of them is a name.
  const lookAround = (text, element, attribute) => {
    if (/\p{L}{3,}/u.test(text) && !text.includes(open) && !element.closest('[translate=no], .card'))
      found.push(`${element.localName} ${attribute}: ${text.slice(0, 100)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    // Names, codes and dates are what they are in every language.
    if (
      !parent ||
      parent.closest(
        'bdi, code, kbd, time, script, style, [translate=no], [lang]:not(html), .msg__text, .card',
      )
    )
      continue;
    look(node.textContent ?? '', parent.localName);
  }
  for (const element of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
    for (const attribute of ['aria-label', 'title', 'placeholder', 'alt'])
      lookAround(element.getAttribute(attribute) ?? '', element, attribute);
  }
  return [...new Set(found)];
}
