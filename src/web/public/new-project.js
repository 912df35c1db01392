/** Looks people up by name and shows the size of the category while the form is being filled in. */
const area = document.querySelector('[data-search]');
const search = area.querySelector('input');
const found = area.querySelector('[data-found]');
const persons = document.querySelector('#f-persons');
const category = document.querySelector('#f-category');
const size = document.querySelector('[data-size]');

let timer;
search.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(look, 300);
});
area.querySelector('button').addEventListener('click', (event) => {
  event.preventDefault();
  void look();
});
search.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  void look();
});

async function look() {
  const wish = search.value.trim();
  if (wish === '') return found.replaceChildren();
  const answer = await ask(`/api/items?search=${encodeURIComponent(wish)}`);
  if (!answer || wish !== search.value.trim()) return;
  found.replaceChildren(...(answer.items.length > 0 ? answer.items.map(row) : [nothing()]));
}

function row(item) {
  const line = document.createElement('li');
  const words = document.createElement('div');
  const name = document.createElement('strong');
  const id = document.createElement('code');
  const description = document.createElement('span');
  name.textContent = item.label ?? item.id;
  id.textContent = item.id;
  description.textContent = item.description ?? '';
  description.className = 'subtle';
  words.append(name, ' ', id, document.createElement('br'), description);
  const add = document.createElement('button');
  add.type = 'button';
  add.className = 'cdx-button';
  add.textContent = area.dataset.add;
  add.addEventListener('click', () => {
    const ids = persons.value.split(/[\s,;]+/).filter((one) => one !== '');
    if (!ids.includes(item.id)) persons.value = [...ids, item.id].join(' ');
    persons.focus();
  });
  line.append(words, add);
  return line;
}

function nothing() {
  const line = document.createElement('li');
  line.textContent = area.dataset.none;
  return line;
}

async function showSize() {
  if (category.value.trim() === '') return;
  const answer = await ask(`/api/category?title=${encodeURIComponent(category.value)}`);
  if (answer) size.textContent = answer.words;
}
category.addEventListener('change', showSize);
document.querySelector('button[value=size]').addEventListener('click', (event) => {
  event.preventDefault();
  void showSize();
});

async function ask(address) {
  try {
    const response = await fetch(address, { headers: { Accept: 'application/json' } });
    const answer = await response.json();
    if (response.ok) return answer;
    size.textContent = answer.message;
    return null;
  } catch {
    return null;
  }
}
