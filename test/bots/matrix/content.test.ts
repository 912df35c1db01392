import { expect, test } from 'vitest';
import { editContent, messageContent, reactionContent } from '../../../src/bots/matrix/content.ts';

const nasty = `<script>alert("1")</script> & 'x' <img src=x onerror=y>`;

test('everything that comes from outside is escaped, and only once', () => {
  const content = messageContent(
    {
      title: nasty,
      text: `${nasty}\nline two`,
      fields: [{ label: nasty, value: nasty }],
      links: [
        { text: nasty, url: 'https://a.example/?a=1&b="2"' },
        { text: 'bad', url: 'javascript:alert(1)' },
      ],
      footer: nasty,
      mentions: ['@eve"><b>:localhost'],
    },
    null,
  );
  const html = String(content.formatted_body);
  const tags = [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/ href="[^"]*"/, ''));
  expect(new Set(tags)).toEqual(
    new Set(['<p>', '</p>', '<b>', '</b>', '<a>', '</a>', '<i>', '</i>', '<br>']),
  );
  expect(html).toContain('href="https://a.example/?a=1&amp;b=&quot;2&quot;"');
  expect(html).not.toContain('href="javascript');
  expect(html).toContain('<b>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;');
  expect(content.body).toContain(nasty);
});

test('an event stays below 64 KiB, whatever its text', () => {
  for (const text of ['"'.repeat(60_000), '𝕏'.repeat(30_000), '<'.repeat(200_000)]) {
    const card = { title: text, text, fields: [{ label: 'x', value: text }], footer: text };
    for (const content of [messageContent(card, null), editContent(card, null, '$a')]) {
      expect(Buffer.byteLength(JSON.stringify(content))).toBeLessThan(62_000);
      expect(String(content.body)).toContain('…');
      expect(String(content.body).isWellFormed()).toBe(true);
    }
  }
});

test('a text that fits is not shortened', () => {
  const text = 'a'.repeat(15_000);
  expect(messageContent({ text }, null).body).toBe(text);
});

test('reactions are sent in the form that clients send', () => {
  const keyOf = (emoji: string) => (reactionContent('$a', emoji)['m.relates_to'] as { key: string }).key;
  expect(['✅', '🤷', '🚫', '🇦', '1\u{20E3}', '1\u{FE0F}\u{20E3}', '⏸', '⏸\u{FE0F}'].map(keyOf)).toEqual([
    '✅',
    '🤷',
    '🚫',
    '🇦',
    '1\u{FE0F}\u{20E3}',
    '1\u{FE0F}\u{20E3}',
    '⏸\u{FE0F}',
    '⏸\u{FE0F}',
  ]);
});
