/** The pocket wiki's only style sheet; light and dark, and narrow screens too. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#ffffff, #14181d);
  --soft: light-dark(#f3f5f7, #1f252c);
  --ink: light-dark(#1c2127, #e6e9ec);
  --faint: light-dark(#566069, #a3adb6);
  --line: light-dark(#cfd6dc, #3a434c);
  --link: light-dark(#2453b3, #8fb3ff);
  --mark: light-dark(#ffe39c, #6b5200);
  --mark-ink: light-dark(#3f3000, #ffedc2);
  --box: #ffb400;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
a { color: var(--link); }
a:not(:hover) { text-decoration-thickness: 1px; text-underline-offset: 0.15em; }
.practice { margin: 0; padding: 0.35rem 1rem; background: var(--mark); color: var(--mark-ink); text-align: center; }
header { display: flex; flex-wrap: wrap; gap: 0.4rem 1.5rem; align-items: center; padding: 0.7rem 1rem;
  border-bottom: 1px solid var(--line); max-width: 70rem; margin: 0 auto; }
header .name { font-weight: 700; font-size: 1.15rem; color: var(--ink); text-decoration: none; }
nav { display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem; }
.account { margin-left: auto; display: flex; gap: 0.8rem; align-items: center; }
main, footer { max-width: 70rem; margin: 0 auto; padding: 0.5rem 1rem 1.5rem; }
footer { border-top: 1px solid var(--line); color: var(--faint); font-size: 0.9rem; padding-top: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 1.6rem 0 0.6rem; }
.id, .none, time { color: var(--faint); }
.id { font-size: 0.9rem; }
code { font: 0.85rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
button { font: inherit; color: var(--ink); background: var(--soft); border: 1px solid var(--line); border-radius: 6px;
  padding: 0.45rem 0.9rem; min-height: 2.5rem; cursor: pointer; }
button:hover { border-color: var(--link); }
button.main { background: #2453b3; border-color: #2453b3; color: #fff; font-weight: 600; }
button.quiet { padding: 0.1rem 0.6rem; min-height: 2rem; font-size: 0.9rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
form { margin: 0; }
.accounts { display: grid; gap: 0.6rem; max-width: 28rem; }
.accounts button { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; text-align: left; padding: 0.7rem 1rem; }
.accounts span { color: var(--faint); }
.answer { display: flex; gap: 0.8rem; margin-top: 1.5rem; }
.file { display: grid; gap: 0 2rem; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
.file h2 { margin-top: 0; }
.picture { margin: 0; position: relative; align-self: start; }
.picture img, .gallery img { display: block; width: 100%; height: auto; background: var(--soft); }
.picture img { border-radius: 6px; }
.picture svg { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.portrait { margin: 0 0 1rem; width: 10rem; }
.portrait img { display: block; width: 100%; height: auto; border-radius: 6px; background: var(--soft); }
.picture rect { fill: none; stroke: var(--box); stroke-width: 3; }
.depicts, .below, .gallery, .history { list-style: none; padding: 0; margin: 0; }
.depicts li { border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem 0.8rem; margin-bottom: 0.6rem; }
.qualifier, .guid { display: block; color: var(--faint); font-size: 0.9rem; }
.guid { font-size: 0.75rem; }
.rank, .tag, .group { display: inline-block; font-size: 0.8rem; border-radius: 99px; padding: 0 0.6rem; background: var(--soft); border: 1px solid var(--line); }
.rank, .group { background: var(--mark); color: var(--mark-ink); border-color: transparent; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.3rem 1.2rem; margin: 0; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
.below li { display: flex; flex-wrap: wrap; gap: 0.2rem 0.8rem; align-items: center; padding: 0.3rem 0; }
.gallery { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }
.gallery li { border: 1px solid var(--line); border-radius: 6px; overflow: hidden; background: var(--soft); }
.gallery a { display: block; text-decoration: none; }
.gallery img { aspect-ratio: 4 / 3; object-fit: cover; object-position: 50% 25%; }
.gallery .sound { display: grid; place-items: center; aspect-ratio: 4 / 3; font-size: 3rem; }
.gallery .title { display: block; padding: 0.5rem 0.7rem; line-height: 1.3; }
.people { display: block; padding: 0 0.7rem 0.6rem; font-size: 0.9rem; color: var(--faint); }
.people::before { content: "Portrays "; }
.history li { display: flex; flex-wrap: wrap; gap: 0.1rem 0.9rem; align-items: baseline; padding: 0.5rem 0; border-top: 1px solid var(--line); }
.history li:first-child { border-top: 0; }
.who { font-weight: 600; }
.comment { overflow-wrap: anywhere; }
.auto { color: var(--faint); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
@media (max-width: 45rem) {
  .file { grid-template-columns: minmax(0, 1fr); }
  .file h2 { margin-top: 1.2rem; }
  .account { margin-left: 0; }
  .gallery { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.7rem; }
  h1 { font-size: 1.35rem; }
}
`;
