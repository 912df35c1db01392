import { exchange, fetchFragment, follow } from './live.js';

const page = document.querySelector('#live');

follow(page.dataset.events, page.dataset.version, async (version) => {
  const fresh = await fetchFragment(page.dataset.live, version);
  if (!fresh) return;
  // The address gives the parts alone, or a whole page that holds them.
  const parts = (fresh.querySelector('#live') ?? fresh).children;
  exchange(page, parts, (element) => element.dataset.part);
});
